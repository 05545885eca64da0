"""Mask R-CNN from torchvision's parts, on any backbone of the catalogue with a feature pyramid.

He et al. 2017 (arXiv:1703.06870), feature pyramid: Lin et al. 2017 (arXiv:1612.03144). Parameter names equal
torchvision's, so its published checkpoints load.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.transform import GeneralizedRCNNTransform, resize_boxes
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from maskwright.models.backbones import build_body
from maskwright.models.semantic import IMAGENET_MEAN, IMAGENET_STD


class Pyramid(nn.Module):
    """A backbone body and the feature pyramid over its stages."""

    def __init__(self, body: nn.Module, channels: Sequence[int], out_channels: int) -> None:
        super().__init__()
        self.body = body
        self.fpn = FeaturePyramidNetwork(list(channels), out_channels, LastLevelMaxPool())
        self.out_channels = out_channels

    def forward(self, images: torch.Tensor) -> "OrderedDict[str, torch.Tensor]":
        """``(B, 3, H, W)`` to five maps of ``out_channels``: strides 4, 8, 16, 32 and 64."""
        return self.fpn(self.body(images))


class UnpastedTransform(GeneralizedRCNNTransform):
    """torchvision's resizing and normalisation, but masks stay as the head gives them.

    Pasting every mask into a dense image here is what fills the memory; ``prediction.instance`` goes from the head's
    28 × 28 probabilities to RLE inside each box.
    """

    def postprocess(self, result, image_shapes, original_image_sizes):  # type: ignore[no-untyped-def]
        """Scale the boxes back to the original images."""
        if not self.training:
            for found, resized, original in zip(result, image_shapes, original_image_sizes, strict=True):
                found["boxes"] = resize_boxes(found["boxes"], list(resized), list(original))
        return result


def build_mask_rcnn(
    classes: int,
    *,
    backbone: str,
    short_side: int = 800,
    longest: int = 1333,
    frozen_norm: bool = False,
    norm_momentum: float | None = None,
    pyramid_channels: int = 256,
    box_features: int = 1024,
    mask_channels: Sequence[int] = (256, 256, 256, 256),
    anchor_sizes: Sequence[int] = (32, 64, 128, 256, 512),
    aspect_ratios: Sequence[float] = (0.5, 1.0, 2.0),
    proposals_train: int = 2000,
    proposals_test: int = 1000,
    rois_per_image: int = 512,
    detections: int = 100,
    score_threshold: float = 0.05,
    nms_threshold: float = 0.5,
) -> MaskRCNN:
    """Mask R-CNN for ``classes`` classes (background comes on top), with random weights.

    Images are resized inside so that the short side has ``short_side`` pixels and the long one at most ``longest``.
    ``anchor_sizes`` gives one size in pixels of the resized image for each of the five pyramid levels. At prediction
    the ``masks`` it returns are ``(N, 1, 28, 28)`` probabilities within their boxes, not pasted.

    Raises ``UsageError`` for an unknown backbone, ``ValueError`` when the anchor sizes are not five.
    """
    if len(anchor_sizes) != 5:
        raise ValueError(f"anchor_sizes {list(anchor_sizes)}: expected five, one for each level of the pyramid")
    body, channels = build_body(backbone, frozen_norm)
    if norm_momentum is not None:
        _set_norm_momentum(body, norm_momentum)
    pyramid = Pyramid(body, channels, pyramid_channels)
    network = MaskRCNN(
        pyramid,
        rpn_anchor_generator=AnchorGenerator(
            tuple((size,) for size in anchor_sizes), (tuple(aspect_ratios),) * len(anchor_sizes)
        ),
        box_head=TwoMLPHead(pyramid_channels * 7 * 7, box_features),
        box_predictor=FastRCNNPredictor(box_features, classes + 1),
        mask_head=MaskRCNNHeads(pyramid_channels, list(mask_channels), 1),
        mask_predictor=MaskRCNNPredictor(mask_channels[-1], mask_channels[-1], classes + 1),
        rpn_pre_nms_top_n_train=proposals_train,
        rpn_pre_nms_top_n_test=proposals_test,
        rpn_post_nms_top_n_train=proposals_train,
        rpn_post_nms_top_n_test=proposals_test,
        box_batch_size_per_image=rois_per_image,
        box_detections_per_img=detections,
        box_score_thresh=score_threshold,
        box_nms_thresh=nms_threshold,
    )
    network.transform = UnpastedTransform(short_side, longest, list(IMAGENET_MEAN), list(IMAGENET_STD))
    return network


def _set_norm_momentum(body: nn.Module, momentum: float) -> None:
    for module in body.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = momentum
