"""Construction of Detectron2's networks from their parts, by options that a recipe can give."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import nn

from maskwright.models.detectron2.anchors import SIZES
from maskwright.models.detectron2.box_head import BoxHead, BoxPredictor, DetectionFilter
from maskwright.models.detectron2.mask_head import MaskHead
from maskwright.models.detectron2.network import BGR_MEAN, NO_STD, RESNEXT_STD, Detectron2RCNN
from maskwright.models.detectron2.proposals import Limits, ProposalGenerator
from maskwright.models.detectron2.pyramid import FPN
from maskwright.models.detectron2.resnet import ResNet
from maskwright.models.detectron2.roi_heads import RoiHeads
from maskwright.models.entry import split_options
from maskwright.models.point_rend.head import PointRendHead

BACKBONES: dict[str, dict[str, Any]] = {
    "resnet50": {"depths": (3, 4, 6, 3)},
    "resnet101": {"depths": (3, 4, 23, 3)},
    "resnext101_32x8d": {"depths": (3, 4, 23, 3), "groups": 32, "group_width": 8, "stride_in_1x1": False},
}


def build_detectron2_mask_rcnn(
    classes: int, *, mask_channels: Sequence[int] = (256, 256, 256, 256), **detector: Any
) -> Detectron2RCNN:
    """Build Mask R-CNN for ``classes`` classes with random weights.

    ``mask_channels`` are the widths of the mask head's convolutions; the other options are those of
    :func:`build_detector`.
    """
    return build_detector(classes, lambda channels: MaskHead(channels, classes, tuple(mask_channels)), **detector)


def build_detectron2_point_rend(
    classes: int, *, masks_on_predicted_boxes: bool = True, **options: Any
) -> Detectron2RCNN:
    """Build Mask R-CNN with PointRend's mask head for ``classes`` classes with random weights.

    With ``masks_on_predicted_boxes`` the mask head is trained on boxes refined by the box head. The other options are
    those of :class:`PointRendHead` and of :func:`build_detector`.

    Raises ``ValueError`` for a ``point_loss`` other than cross_entropy and smooth_l1.
    """
    own, detector = split_options(PointRendHead, options)
    return build_detector(
        classes,
        lambda channels: PointRendHead(channels, classes, **own),
        masks_on_predicted_boxes=masks_on_predicted_boxes,
        **detector,
    )


def build_detector(
    classes: int,
    mask_head: Callable[[int], nn.Module],
    *,
    backbone: str,
    short_side: int = 800,
    longest: int = 1333,
    pixel_mean: Sequence[float] = BGR_MEAN,
    pixel_std: Sequence[float] | None = None,
    depths: Sequence[int] | None = None,
    stem_channels: int = 64,
    group_width: int | None = None,
    frozen_stages: int = 2,
    pyramid_channels: int = 256,
    box_features: int = 1024,
    anchor_sizes: Sequence[float] = SIZES,
    proposals_train: int = 1000,
    proposals_test: int = 1000,
    rois_per_image: int = 512,
    detections: int = 100,
    score_threshold: float = 0.05,
    nms_threshold: float = 0.5,
    masks_on_predicted_boxes: bool = False,
) -> Detectron2RCNN:
    """Build a detector for ``classes`` classes with random weights; ``mask_head(channels)`` returns its mask head.

    Images come resized: the short side has ``short_side`` pixels and the long side at most ``longest``.
    ``pixel_mean`` and ``pixel_std`` are of blue, green and red in 0..255. ``backbone`` is a key of ``BACKBONES``;
    ``depths``, ``stem_channels`` and ``group_width`` change its size. The first ``frozen_stages`` of the backbone,
    counted from the stem, are not trained. ``anchor_sizes`` has one size in pixels for each of the five levels.
    ``proposals_train`` and ``proposals_test`` proposals are kept of an image; in training twice as many are taken of
    each level before suppression, in prediction as many. ``rois_per_image`` proposals are sampled in training.
    ``detections``, ``score_threshold`` and ``nms_threshold`` are the limits of
    :class:`~maskwright.models.detectron2.box_head.DetectionFilter`.
    """
    sizes = dict(BACKBONES[backbone])
    if depths is not None:
        sizes["depths"] = tuple(depths)
    if group_width is not None:
        sizes["group_width"] = group_width
    body = ResNet(**sizes, stem_channels=stem_channels, frozen_stages=frozen_stages)
    proposals = ProposalGenerator(
        pyramid_channels,
        training_limits=Limits(2 * proposals_train, proposals_train),
        limits=Limits(proposals_test, proposals_test),
        sizes=anchor_sizes,
    )
    heads = RoiHeads(
        BoxHead(pyramid_channels, box_features),
        BoxPredictor(box_features, classes),
        mask_head(pyramid_channels),
        keep=DetectionFilter(score_threshold, nms_threshold, detections),
        per_image=rois_per_image,
        masks_on_predicted_boxes=masks_on_predicted_boxes,
    )
    if pixel_std is None:
        pixel_std = RESNEXT_STD if backbone.startswith("resnext") else NO_STD
    network = FPN(body, pyramid_channels)
    return Detectron2RCNN(
        network, proposals, heads, short_side=short_side, longest=longest, mean=pixel_mean, std=pixel_std
    )


KINDS: dict[str, Callable[..., nn.Module]] = {
    "mask_rcnn": build_detectron2_mask_rcnn,
    "point_rend": build_detectron2_point_rend,
}
"""The builders of whole networks by the kind of their mask head."""
