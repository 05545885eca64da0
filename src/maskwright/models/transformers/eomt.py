"""EoMT: a plain vision transformer whose last blocks read queries beside the patches of the image.

Kerssies et al. 2025, "Your ViT is Secretly an Image Segmentation Model" (arXiv:2503.19108), on DINOv2's or DINOv3's
transformer. In training, a query attends within the mask that it predicts; that masking is annealed block by block, so
that the trained network needs none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from maskwright.models.transformers.instance_model import QueryInstanceModel
from maskwright.models.transformers.library import quiet_library
from maskwright.models.transformers.panoptic_model import QueryPanopticModel
from maskwright.models.transformers.query_model import QueryLayer, QueryModel, QueryPrediction
from maskwright.models.transformers.query_options import SetPrediction, require_all_taken, require_sizes, take_group
from maskwright.models.transformers.semantic_model import QuerySemanticModel

_POWER = 0.9  # of the authors' polynomial annealing


@dataclass(frozen=True, kw_only=True)
class EomtSize:
    """The depth and width of the transformer.

    It has ``depth`` blocks of ``width`` features in ``attention_heads`` heads, the last ``query_blocks`` of them with
    the queries, and patches of ``patch_size`` pixels. Masks have the resolution of the patches doubled ``upscalings``
    times.
    """

    width: int = 1024
    depth: int = 24
    attention_heads: int = 16
    query_blocks: int = 4
    patch_size: int = 16
    upscalings: int = 2

    def __post_init__(self) -> None:
        require_sizes(self, "width", "depth", "attention_heads", "query_blocks", "patch_size", "upscalings")
        # Rotary positions of DINOv3 turn pairs of rows and columns.
        if self.width % (4 * self.attention_heads):
            raise ValueError(
                f"width {self.width} with attention_heads {self.attention_heads}: expected a multiple of four "
                "times the heads"
            )
        if self.query_blocks > self.depth or self.upscalings > 6:
            raise ValueError(
                f"query_blocks {self.query_blocks} of depth {self.depth}, upscalings {self.upscalings}: expected at "
                "most the depth, and at most 6"
            )

    def to_config(self) -> dict[str, Any]:
        """Return the values under the names of the library's configuration."""
        return {
            "hidden_size": self.width,
            "num_hidden_layers": self.depth,
            "num_attention_heads": self.attention_heads,
            "num_blocks": self.query_blocks,
            "patch_size": self.patch_size,
            "num_upscale_blocks": self.upscalings,
        }


EOMT_OPTIONS: tuple[type[Any], ...] = (SetPrediction, EomtSize)


class AnnealedInstanceModel(QueryInstanceModel):
    """EoMT for instances; ``annealed`` names the state that :meth:`anneal` sets."""

    annealed = ("network.attn_mask_probs",)

    def anneal(self, share: float) -> None:
        """Set the masking to that after ``share`` (0 to 1) of the training."""
        anneal(self, share)


class AnnealedSemanticModel(QuerySemanticModel):
    """EoMT for label maps; ``annealed`` names the state that :meth:`anneal` sets."""

    annealed = ("network.attn_mask_probs",)

    def anneal(self, share: float) -> None:
        """Set the masking to that after ``share`` (0 to 1) of the training."""
        anneal(self, share)


class AnnealedPanopticModel(QueryPanopticModel):
    """EoMT for segments; ``annealed`` names the state that :meth:`anneal` sets."""

    annealed = ("network.attn_mask_probs",)

    def anneal(self, share: float) -> None:
        """Set the masking to that after ``share`` (0 to 1) of the training."""
        anneal(self, share)


def build_eomt(
    classes: int,
    *,
    version: int = 2,
    image_size: int = 640,
    detections: int = 100,
    short_side: int = 640,
    longest: int = 640,
    **options: Any,
) -> AnnealedInstanceModel:
    """Build EoMT for ``classes`` classes with random weights, for instances.

    ``version`` is that of the DINO whose transformer it is, 2 or 3. The network sees squares of ``image_size`` pixels,
    rounded up to whole patches, in which an image is padded. ``detections`` is the most that an image has;
    ``short_side`` and ``longest`` are the size to which images are resized. ``options`` are the fields of
    ``EOMT_OPTIONS``.

    Raises ``UsageError`` without the library, ``ValueError`` for values out of range, ``TypeError`` for an unknown
    option.
    """
    network, side = _network(classes, version, image_size, options)
    return AnnealedInstanceModel(network, predict_eomt, detections=detections, side=side)


def build_eomt_semantic(
    classes: int, *, version: int = 2, image_size: int = 640, **options: Any
) -> AnnealedSemanticModel:
    """Build EoMT for label maps of ``classes`` classes and background, as :func:`build_eomt` does."""
    network, side = _network(classes + 1, version, image_size, options)
    return AnnealedSemanticModel(network, predict_eomt, side=side)


def build_eomt_panoptic(
    classes: int, *, version: int = 2, image_size: int = 640, **options: Any
) -> AnnealedPanopticModel:
    """Build EoMT for the segments of ``classes`` classes, things and stuff, as :func:`build_eomt` does."""
    network, side = _network(classes, version, image_size, options)
    return AnnealedPanopticModel(network, predict_eomt, side=side)


def predict_eomt(network: Any, pixels: torch.Tensor) -> QueryPrediction:
    """Return the prediction of the library's ``network`` on ``pixels`` ``(B, 3, S, S)``; the last layer is last.

    Outside of training a block masks every query or none: what is more likely in training then. The library draws it at
    random, and an image would get another result each time.
    """
    layers: list[QueryLayer] = []
    predict, masked = type(network).predict, network.attn_mask_probs

    def recorded(states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        masks, classes = predict(network, states)
        layers.append(QueryLayer(classes, masks))
        return masks, classes

    network.predict = recorded  # the library returns the last layer alone
    try:
        if not network.training:
            network.attn_mask_probs = masked.round()
        network(pixel_values=pixels)
    finally:
        del network.predict
        network.attn_mask_probs = masked
    return QueryPrediction(layers[-1], layers)


def anneal(model: QueryModel, share: float) -> None:
    """Set the probabilities with which the blocks of an EoMT mask a query, after ``share`` (0 to 1) of the training.

    Of n blocks, block i (from 0) falls from 1 at (i + 1) / (n + 2) of the training to 0 at (i + 2) / (n + 2), by the
    polynomial of the authors' code, whose published trainings have these shares.
    """
    probabilities = model.network.attn_mask_probs
    blocks = len(probabilities)
    values = [_annealed(share * (blocks + 2) - (block + 1)) for block in range(blocks)]
    probabilities.copy_(torch.tensor(values, dtype=probabilities.dtype))


def _annealed(t: float) -> float:
    """Return the probability at t from 0 to 1 through a block's annealing; 1 before it and 0 after it."""
    return (1 - min(max(t, 0.0), 1.0)) ** _POWER


def _network(classes: int, version: int, image_size: int, options: Mapping[str, Any]) -> tuple[nn.Module, int]:
    """Build the library's model with random weights; return it with the side of its images."""
    if version not in (2, 3) or not 1 <= image_size <= 8192:
        raise ValueError(f"version {version} and image_size {image_size}: expected 2 or 3, and 1 to 8192 pixels")
    rest = dict(options)
    groups = [take_group(kind, rest) for kind in EOMT_OPTIONS]
    require_all_taken(rest)
    settings = {name: value for group in groups for name, value in group.to_config().items()}
    side = -(-image_size // settings["patch_size"]) * settings["patch_size"]
    with quiet_library("eomt") as library:
        if version == 3:
            config = library.EomtDinov3Config(
                num_labels=classes, image_size=side, intermediate_size=4 * settings["hidden_size"], **settings
            )
            return library.EomtDinov3ForUniversalSegmentation(config), side
        config = library.EomtConfig(num_labels=classes, image_size=side, **settings)
        return library.EomtForUniversalSegmentation(config), side
