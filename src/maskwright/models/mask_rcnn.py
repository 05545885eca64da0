"""Mask R-CNN and its kin from torchvision's parts, on any backbone of the catalogue with a feature pyramid.

He et al. 2017 (arXiv:1703.06870), feature pyramid: Lin et al. 2017 (arXiv:1612.03144). Parameter names equal
torchvision's, so its published checkpoints load. Switches turn it into Cascade Mask R-CNN, PANet and Mask Scoring
R-CNN, alone or together; their papers are named where their parts are.
"""

import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torchvision.models.detection.generalized_rcnn import GeneralizedRCNN
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.models.detection.transform import GeneralizedRCNNTransform, resize_boxes
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from maskwright.models.backbones import build_body
from maskwright.models.cascade import CascadeHeads
from maskwright.models.full_precision import FullAnchors, FullRPNHead
from maskwright.models.head_parts import HeadParts
from maskwright.models.panet import AggregatedPyramid
from maskwright.models.region_heads import RegionHeads
from maskwright.models.semantic import IMAGENET_MEAN, IMAGENET_STD


class Pyramid(nn.Module):
    """A backbone body and the feature pyramid over its stages."""

    def __init__(self, body: nn.Module, channels: Sequence[int], out_channels: int, norm: Any = None) -> None:
        super().__init__()
        self.body = body
        self.fpn = FeaturePyramidNetwork(list(channels), out_channels, LastLevelMaxPool(), norm)
        self.out_channels = out_channels

    def forward(self, images: torch.Tensor) -> "OrderedDict[str, torch.Tensor]":
        """``(B, 3, H, W)`` to five maps of ``out_channels``: strides 4, 8, 16, 32 and 64."""
        return self.fpn(self.body(images))


class UnpastedTransform(GeneralizedRCNNTransform):
    """torchvision's resizing and normalisation, but masks stay as the head gives them.

    Pasting every mask into a dense image here is what fills the memory; ``prediction.instance`` goes from the head's
    28 × 28 probabilities to RLE inside each box.
    """

    def resize(self, image: torch.Tensor, target: dict[str, torch.Tensor] | None = None) -> Any:
        """Resize to the model's input, unless the target says by its ``size`` that this was done (scale jitter)."""
        if target is not None and "size" in target:
            # torchvision draws a number here; drawn too, the next ones choose the same proposals as its own.
            self.torch_choice(list(self.min_size))  # type: ignore[arg-type]
            return image, target
        if target is None:
            image = _no_sliver(image, self.min_size[0], self.max_size)  # type: ignore[index]
        return super().resize(image, target)

    def postprocess(self, result, image_shapes, original_image_sizes):  # type: ignore[no-untyped-def]
        """Scale the boxes back to the original images."""
        if not self.training:
            for found, resized, original in zip(result, image_shapes, original_image_sizes, strict=True):
                found["boxes"] = resize_boxes(found["boxes"], list(resized), list(original))
        return result


class TorchvisionRCNN(GeneralizedRCNN):
    """torchvision's detector, which tells the size of the batch that an image needs."""

    def padded_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return ``(H, W)`` of the batch that an image of ``size`` ``(H, W)`` is alone in prediction.

        It is resized and padded. Images of one padded size give in one batch what they give alone; a larger batch pads
        them further, and what the network sees of the padding moves its detections by pixels.
        """
        # Resized for the size alone: a tensor on the meta device has no values.
        resized, _ = self.transform.resize(torch.empty((3, *size), device="meta"))  # type: ignore[operator]
        multiple = self.transform.size_divisible
        height, width = (-(-side // multiple) * multiple for side in resized.shape[-2:])
        return height, width


def build_mask_rcnn(
    classes: int,
    *,
    backbone: str,
    version: int = 1,
    cascade_ious: Sequence[float] = (),
    stage_weights: Sequence[float] = (1.0, 0.5, 0.25),
    path_aggregation: bool = False,
    mask_scoring: bool = False,
    short_side: int = 800,
    longest: int = 1333,
    frozen_norm: bool = False,
    norm_momentum: float | None = None,
    trainable_layers: int = 5,
    pyramid_channels: int = 256,
    box_features: int = 1024,
    mask_channels: Sequence[int] = (256, 256, 256, 256),
    anchor_sizes: Sequence[int] = (32, 64, 128, 256, 512),
    aspect_ratios: Sequence[float] = (0.5, 1.0, 2.0),
    anchors_per_image: int = 256,
    anchor_ious: tuple[float, float] = (0.3, 0.7),
    proposals_train: int = 2000,
    proposals_test: int = 1000,
    proposal_nms: float = 0.7,
    rois_per_image: int = 512,
    positive_rois: float = 0.25,
    roi_iou: float = 0.5,
    detections: int = 100,
    score_threshold: float = 0.05,
    nms_threshold: float = 0.5,
) -> TorchvisionRCNN:
    """Mask R-CNN for ``classes`` classes (background comes on top), with random weights.

    Images are resized inside so that the short side has ``short_side`` pixels and the long one at most ``longest``.
    ``anchor_sizes`` gives one size in pixels of the resized image for each of the five pyramid levels. At prediction
    the ``masks`` it returns are ``(N, 1, 28, 28)`` probabilities within their boxes, not pasted.

    ``version`` 2 is torchvision's second: normalised pyramid and heads, deeper box head and proposal network (Li et al.
    2021, arXiv:2111.11429). ``cascade_ious`` such as 0.5, 0.6, 0.7 makes as many box stages, whose losses count by
    ``stage_weights``. ``path_aggregation`` gives PANet's pyramid, pooling and heads; ``mask_scoring`` a head that
    learns the quality of masks, by which scores are multiplied.

    ``trainable_layers`` of the backbone's five parts learn (0: the heads and the pyramid alone). An anchor is an object
    from the second of ``anchor_ious`` on and background up to the first; of ``anchors_per_image`` and
    ``rois_per_image`` the losses are computed, ``positive_rois`` of these objects at most, which overlap one by
    ``roi_iou``. ``proposal_nms``, ``nms_threshold``: the overlap from which the worse of two boxes is dropped.

    Raises ``UsageError`` for an unknown backbone, ``ValueError`` for values out of range or that do not go together.
    """
    _require_together(version, path_aggregation, cascade_ious, stage_weights)
    _require_positive(
        short_side=short_side, longest=longest, pyramid_channels=pyramid_channels, box_features=box_features,
        mask_channels=mask_channels, anchor_sizes=anchor_sizes, aspect_ratios=aspect_ratios,
        anchors_per_image=anchors_per_image, proposals_train=proposals_train, proposals_test=proposals_test,
        rois_per_image=rois_per_image, detections=detections,
    )  # fmt: skip
    _require_shares(
        positive_rois=positive_rois, roi_iou=roi_iou, proposal_nms=proposal_nms, nms_threshold=nms_threshold,
        score_threshold=score_threshold,
    )  # fmt: skip
    if list(anchor_ious) != sorted(anchor_ious) or len(anchor_ious) != 2:
        raise ValueError(f"anchor_ious {list(anchor_ious)}: expected two, the lower first")
    body, channels = build_body(backbone, frozen_norm, trainable_layers)
    if norm_momentum is not None:
        _set_norm_momentum(body, norm_momentum)
    parts = HeadParts(classes, pyramid_channels, box_features, mask_channels, version, path_aggregation)
    if path_aggregation:
        pyramid: nn.Module = AggregatedPyramid(body, channels, pyramid_channels)
    else:
        pyramid = Pyramid(body, channels, pyramid_channels, parts.norm)
    first_iou = cascade_ious[0] if cascade_ious else roi_iou
    heads: dict[str, Any] = {
        "fg_iou_thresh": first_iou,
        "bg_iou_thresh": first_iou,
        "batch_size_per_image": rois_per_image,
        "positive_fraction": positive_rois,
        "score_thresh": score_threshold,
        "nms_thresh": nms_threshold,
        "detections_per_img": detections,
        **parts.pools(),
    }
    box = {} if cascade_ious else parts.box_branch()
    stages = parts.cascade(cascade_ious)
    heads |= parts.mask_branch() | ({"mask_scoring": parts.mask_scoring()} if mask_scoring else {})
    proposing = RegionProposalNetwork(
        *_anchors(anchor_sizes, aspect_ratios, pyramid_channels, version),
        fg_iou_thresh=anchor_ious[1],
        bg_iou_thresh=anchor_ious[0],
        batch_size_per_image=anchors_per_image,
        positive_fraction=0.5,
        pre_nms_top_n={"training": proposals_train, "testing": proposals_test},
        post_nms_top_n={"training": proposals_train, "testing": proposals_test},
        nms_thresh=proposal_nms,
    )
    return TorchvisionRCNN(
        pyramid,
        proposing,
        CascadeHeads(stages, list(stage_weights), **heads) if stages else RegionHeads(**box, **heads),
        UnpastedTransform(short_side, longest, list(IMAGENET_MEAN), list(IMAGENET_STD)),
    )


def _no_sliver(image: torch.Tensor, short: float, longest: float) -> torch.Tensor:
    """``image`` ``(3, H, W)``, its narrow side stretched if it is so narrow that no pixel would be left of it."""
    height, width = image.shape[-2:]
    factor = min(short / min(height, width), longest / max(height, width))
    if factor * min(height, width) >= 1:
        return image
    least = math.ceil(1 / factor)
    size = (max(height, least), max(width, least))
    return functional.interpolate(image[None], size, mode="bilinear", align_corners=False)[0]


def _require_together(version: int, all_levels: bool, ious: Sequence[float], weights: Sequence[float]) -> None:
    if version not in (1, 2) or (version == 2 and all_levels):
        raise ValueError(f"version {version}: expected 1 or 2, and 1 with path_aggregation")
    if ious and (len(weights) != len(ious) or list(ious) != sorted(ious)):
        raise ValueError(
            f"cascade_ious {list(ious)} with stage_weights {list(weights)}: expected rising overlaps, as many weights"
        )


def _require_positive(**values: float | Sequence[float]) -> None:
    for name, value in values.items():
        several = value if isinstance(value, Sequence) else [value]
        if not several or min(several) <= 0:
            raise ValueError(f"{name} {value}: expected above 0")


def _require_shares(**values: float) -> None:
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} {value}: expected from 0 to 1")


def _anchors(
    sizes: Sequence[int], ratios: Sequence[float], channels: int, version: int
) -> tuple[FullAnchors, FullRPNHead]:
    """The anchors and the head that tells which of them show an object, with a layer more in version 2."""
    if len(sizes) != 5:
        raise ValueError(f"anchor_sizes {list(sizes)}: expected five, one for each level of the pyramid")
    anchors = FullAnchors(tuple((size,) for size in sizes), (tuple(ratios),) * len(sizes))
    return anchors, FullRPNHead(channels, anchors.num_anchors_per_location()[0], conv_depth=version)


def _set_norm_momentum(body: nn.Module, momentum: float) -> None:
    for module in body.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = momentum
