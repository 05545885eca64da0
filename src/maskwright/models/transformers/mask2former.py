"""Mask2Former: queries that attend within the masks they predict, on features of a deformable pixel decoder.

Cheng et al. 2022, "Masked-attention Mask Transformer for Universal Image Segmentation" (arXiv:2112.01527). The network
is the library's, so that its published weights fit; backbones are its Swin, torchvision's or timm's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from maskwright.models.backbones import build_body
from maskwright.models.transformers.instance_model import QueryInstanceModel
from maskwright.models.transformers.library import quiet_library
from maskwright.models.transformers.panoptic_model import QueryPanopticModel
from maskwright.models.transformers.query_model import QueryLayer, QueryPrediction
from maskwright.models.transformers.query_options import SetPrediction, require_all_taken, require_sizes, take_group
from maskwright.models.transformers.semantic_model import QuerySemanticModel

# Liu et al. 2021 (arXiv:2103.14030), at the sizes of Mask2Former's published models.
SWIN_BACKBONES: dict[str, dict[str, Any]] = {
    "swin_tiny": {"embed_dim": 96, "depths": [2, 2, 6, 2], "num_heads": [3, 6, 12, 24], "window_size": 7},
    "swin_small": {"embed_dim": 96, "depths": [2, 2, 18, 2], "num_heads": [3, 6, 12, 24], "window_size": 7},
    "swin_base": {"embed_dim": 128, "depths": [2, 2, 18, 2], "num_heads": [4, 8, 16, 32], "window_size": 12},
}
_GROUPS = 32  # of the pixel decoder's normalisation


@dataclass(frozen=True, kw_only=True)
class Mask2FormerSize:
    """The depths and widths of the pixel decoder and of the decoder of the queries.

    Both have ``channels``, a multiple of 32, and ``attention_heads``. ``pixel_layers`` and ``pixel_feedforward`` are
    the depth of the pixel decoder and the width between its layers, ``decoder_layers`` and ``decoder_feedforward``
    those of the decoder.
    """

    channels: int = 256
    attention_heads: int = 8
    pixel_layers: int = 6
    pixel_feedforward: int = 1024
    decoder_layers: int = 9
    decoder_feedforward: int = 2048

    def __post_init__(self) -> None:
        require_sizes(
            self, "channels", "attention_heads", "pixel_layers", "pixel_feedforward", "decoder_layers",
            "decoder_feedforward",
        )  # fmt: skip
        if self.channels % _GROUPS or self.channels % self.attention_heads:
            raise ValueError(
                f"channels {self.channels} with attention_heads {self.attention_heads}: expected a multiple of "
                f"{_GROUPS} and of the heads"
            )

    def to_config(self) -> dict[str, Any]:
        """Return the values under the names of the library's configuration, which counts a layer more."""
        return {
            "feature_size": self.channels,
            "mask_feature_size": self.channels,
            "hidden_dim": self.channels,
            "num_attention_heads": self.attention_heads,
            "encoder_layers": self.pixel_layers,
            "encoder_feedforward_dim": self.pixel_feedforward,
            "decoder_layers": self.decoder_layers + 1,
            "dim_feedforward": self.decoder_feedforward,
        }


MASK2FORMER_OPTIONS: tuple[type[Any], ...] = (SetPrediction, Mask2FormerSize)


def build_mask2former(
    classes: int,
    *,
    backbone: str,
    frozen_norm: bool = False,
    trainable_layers: int = 5,
    detections: int = 100,
    short_side: int = 800,
    longest: int = 1333,
    **options: Any,
) -> QueryInstanceModel:
    """Build Mask2Former on ``backbone`` for ``classes`` classes with random weights, for instances.

    ``backbone`` is a key of ``SWIN_BACKBONES``, a name of :func:`~maskwright.models.backbones.build_body`, whose
    ``frozen_norm`` and ``trainable_layers`` these are, or ``timm:NAME``. ``detections`` is the most that an image has.
    ``short_side`` and ``longest`` are the input size; the network takes any. ``options`` are the fields of
    ``MASK2FORMER_OPTIONS``.

    Raises ``UsageError`` without the library or for an unknown backbone, ``ValueError`` for values out of range,
    ``TypeError`` for an unknown option.
    """
    network = _network(classes, backbone, frozen_norm, trainable_layers, options)
    return QueryInstanceModel(network, predict_mask2former, detections=detections)


def build_mask2former_semantic(
    classes: int, *, backbone: str, frozen_norm: bool = False, trainable_layers: int = 5, **options: Any
) -> QuerySemanticModel:
    """Build Mask2Former for label maps of ``classes`` classes and background, as :func:`build_mask2former` does."""
    network = _network(classes + 1, backbone, frozen_norm, trainable_layers, options)
    return QuerySemanticModel(network, predict_mask2former)


def build_mask2former_panoptic(
    classes: int, *, backbone: str, frozen_norm: bool = False, trainable_layers: int = 5, **options: Any
) -> QueryPanopticModel:
    """Build Mask2Former for the segments of ``classes`` things and stuff, as :func:`build_mask2former` does."""
    network = _network(classes, backbone, frozen_norm, trainable_layers, options)
    return QueryPanopticModel(network, predict_mask2former)


def predict_mask2former(network: Any, pixels: torch.Tensor) -> QueryPrediction:
    """Return the prediction of the library's ``network`` on ``pixels`` ``(B, 3, H, W)``; the last layer comes first."""
    output = network(pixel_values=pixels, output_auxiliary_logits=True)
    final = QueryLayer(output.class_queries_logits, output.masks_queries_logits)
    others = [
        QueryLayer(layer["class_queries_logits"], layer["masks_queries_logits"]) for layer in output.auxiliary_logits
    ]
    return QueryPrediction(final, [final, *others])


class BodyWithFeatureMaps(nn.Module):
    """A backbone body of ours with the interface of the library's backbones: ``channels`` and ``feature_maps``."""

    def __init__(self, body: nn.Module, channels: list[int]) -> None:
        super().__init__()
        self.body, self.channels = body, channels

    def forward(self, pixels: torch.Tensor) -> SimpleNamespace:
        """Return the four maps of ``pixels`` ``(B, 3, H, W)`` as ``feature_maps``, finest first."""
        return SimpleNamespace(feature_maps=tuple(self.body(pixels).values()))


def _network(
    classes: int, backbone: str, frozen_norm: bool, trainable_layers: int, options: Mapping[str, Any]
) -> nn.Module:
    """Build the library's model with random weights."""
    rest = dict(options)
    groups = [take_group(kind, rest) for kind in MASK2FORMER_OPTIONS]
    require_all_taken(rest)
    settings = {name: value for group in groups for name, value in group.to_config().items()}
    with quiet_library("mask2former") as library:
        if backbone in SWIN_BACKBONES:
            _require_whole(backbone, frozen_norm, trainable_layers)
            stages = library.SwinConfig(
                drop_path_rate=0.3,
                out_features=["stage1", "stage2", "stage3", "stage4"],
                **SWIN_BACKBONES[backbone],
            )
            return _of_config(library, classes, stages, settings)
        body, channels = build_body(backbone, frozen_norm, trainable_layers)
        # The library builds the pixel decoder for the channels of a backbone of its own, which ours then replaces.
        stages = library.ResNetConfig(
            embedding_size=8,
            hidden_sizes=channels,
            depths=[1, 1, 1, 1],
            out_features=["stage1", "stage2", "stage3", "stage4"],
        )
        network = _of_config(library, classes, stages, settings)
        network.model.pixel_level_module.encoder = BodyWithFeatureMaps(body, channels)
        return network


def _of_config(library: Any, classes: int, backbone: Any, settings: Mapping[str, Any]) -> Any:
    config = library.Mask2FormerConfig(backbone_config=backbone, num_labels=classes, **settings)
    return library.Mask2FormerForUniversalSegmentation(config)


def _require_whole(backbone: str, frozen_norm: bool, trainable_layers: int) -> None:
    if frozen_norm or trainable_layers != 5:
        raise ValueError(f"{backbone} has no BatchNorm to freeze and is trained whole; leave out frozen_norm and "
                         "trainable_layers")  # fmt: skip
