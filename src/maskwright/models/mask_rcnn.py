"""Mask R-CNN and its variants from torchvision's parts, on any backbone of the catalogue with a feature pyramid.

He et al. 2017 (arXiv:1703.06870). Feature pyramid: Lin et al. 2017 (arXiv:1612.03144). Parameter names are
torchvision's, so its published checkpoints load. Options build Cascade Mask R-CNN, PANet and Mask Scoring R-CNN, alone
or combined; the modules of their parts name the papers.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import nn
from torchvision.models.detection.generalized_rcnn import GeneralizedRCNN
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from maskwright.models.backbones import build_body
from maskwright.models.cascade import CascadeRoIHeads
from maskwright.models.detectron2.pasting import paste_detectron2_mask
from maskwright.models.full_precision import FullAnchors, FullRPNHead
from maskwright.models.head_parts import HeadParts
from maskwright.models.mask_rcnn_options import (
    Anchors,
    Architecture,
    BackboneTraining,
    MaskRCNNOptions,
    ProposalLimits,
)
from maskwright.models.panet import AggregatedPyramid
from maskwright.models.roi_heads import BranchedRoIHeads
from maskwright.models.semantic import IMAGENET_MEAN, IMAGENET_STD
from maskwright.structures import Rle


class BackboneWithPyramid(nn.Module):
    """A backbone body and the feature pyramid over its stages.

    ``channels`` are those of the body's maps, ``norm`` is the normalisation layer of the pyramid or None.
    """

    def __init__(self, body: nn.Module, channels: Sequence[int], out_channels: int, norm: Any = None) -> None:
        super().__init__()
        self.body = body
        self.fpn = FeaturePyramidNetwork(list(channels), out_channels, LastLevelMaxPool(), norm)
        self.out_channels = out_channels

    def forward(self, images: torch.Tensor) -> "OrderedDict[str, torch.Tensor]":
        """Return five maps ``(B, out_channels, H / stride, W / stride)`` of ``images`` ``(B, 3, H, W)``.

        The strides are 4, 8, 16, 32 and 64; the names "0" to "3" and "pool".
        """
        return self.fpn(self.body(images))


class UnpastedTransform(GeneralizedRCNNTransform):
    """torchvision's normalisation and batches of images, without its resizing and its pasting of masks.

    Images come resized, in training as in prediction. Pasting every mask into a dense image fills the memory.
    :func:`maskwright.prediction.instance.predict_instances` turns the probabilities ``(N, 1, 28, 28)`` of the mask head
    into RLE within each box instead.
    """

    _statistics: tuple[torch.Tensor, torch.Tensor] | None = None

    def normalize(self, image: torch.Tensor) -> torch.Tensor:
        """Return ``image`` ``(3, H, W)`` less the mean colour, divided by the standard deviation.

        torchvision copies both to the device for every image, and the host waits for it. Here they stay there.
        """
        if not image.is_floating_point():
            return super().normalize(image)  # whose error says what was expected
        kept = self._statistics
        if kept is None or (kept[0].device, kept[0].dtype) != (image.device, image.dtype):
            with torch.inference_mode(False):  # so that a training can use what a prediction has made
                mean, std = (
                    torch.as_tensor(values, dtype=image.dtype, device=image.device)[:, None, None]
                    for values in (self.image_mean, self.image_std)
                )
            self._statistics = kept = (mean, std)
        return (image - kept[0]) / kept[1]

    def resize(self, image: torch.Tensor, target: dict[str, torch.Tensor] | None = None) -> Any:
        """Return ``image`` ``(3, H, W)`` and its target as they are."""
        if self.training:
            # torchvision draws a random number here. Drawing it as well keeps the sampled proposals equal to its own.
            self.torch_choice(list(self.min_size))  # type: ignore[arg-type]
        return image, target

    def postprocess(self, result, image_shapes, original_image_sizes):  # type: ignore[no-untyped-def]
        """Return ``result`` as it is, in pixels of the images that the network got."""
        return result


class TorchvisionRCNN(GeneralizedRCNN):
    """torchvision's R-CNN detector with :meth:`padded_size` as an additional method.

    For its inputs and outputs see :func:`build_mask_rcnn`. An aligned model has ``paste``, the function that turns a
    mask of the mask head into the RLE of the image; without it torchvision's rule holds.
    """

    paste: Callable[..., Rle]

    @property
    def detections(self) -> int:
        """The most objects that an image can have found."""
        heads: Any = self.roi_heads
        return heads.detections_per_img

    def padded_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return ``(H, W)`` of the batch in which a resized image of ``size`` ``(H, W)`` is alone: padded.

        Images of one padded size give the same detections in one batch as each alone. A larger batch pads an image
        further, and the features of that padding move its detections by pixels.
        """
        multiple = cast(int, self.transform.size_divisible)
        height, width = (-(-side // multiple) * multiple for side in size)
        return height, width


def build_mask_rcnn(classes: int, *, backbone: str, **options: Any) -> TorchvisionRCNN:
    """Build Mask R-CNN on ``backbone`` for ``classes`` classes with random weights; background is class 0.

    ``options`` are the fields of the groups in :mod:`maskwright.models.mask_rcnn_options`, by their own names. The
    model takes RGB images ``(3, H, W)`` in 0..1, as large as it is to see them. In training it takes targets with
    ``boxes`` ``(T, 4)``, ``labels`` ``(T,)`` int64 1..K and ``masks`` ``(T, H, W)``, and returns scalar losses by name.
    In prediction it returns for each image ``boxes`` ``(N, 4)`` in its own pixels, ``labels`` and ``scores`` ``(N,)``,
    best first, and ``masks`` ``(N, 1, 28, 28)``, probabilities within the boxes.

    Raises ``UsageError`` for an unknown backbone, ``ValueError`` for values that are out of range or exclude each
    other, ``TypeError`` for an unknown option.
    """
    groups = MaskRCNNOptions.from_flat(**options)
    made = groups.architecture
    parts = HeadParts(
        classes,
        made.pyramid_channels,
        made.box_features,
        made.mask_channels,
        version=made.version,
        all_levels=made.path_aggregation,
        aligned=made.aligned,
        agnostic_boxes=made.class_agnostic_boxes,
        agnostic_masks=made.class_agnostic_masks,
    )
    # The parts draw their random weights in this order. Keep it: the same seed must give the same weights.
    pyramid = _pyramid(backbone, groups.backbone, parts)
    heads = _roi_heads(parts, groups)
    proposing = _proposal_network(groups.anchors, groups.proposals, made)
    resizing = UnpastedTransform(
        groups.resizing.short_side, groups.resizing.longest, list(IMAGENET_MEAN), list(IMAGENET_STD)
    )
    network = TorchvisionRCNN(pyramid, proposing, heads, resizing)
    if made.aligned:
        network.paste = paste_detectron2_mask
    return network


def _pyramid(backbone: str, training: BackboneTraining, parts: HeadParts) -> nn.Module:
    """Build the backbone with its feature pyramid, or with PANet's."""
    body, channels = build_body(backbone, training.frozen_norm, training.trainable_layers)
    if training.norm_momentum is not None:
        _set_norm_momentum(body, training.norm_momentum)
    if parts.all_levels:
        return AggregatedPyramid(body, channels, parts.channels)
    return BackboneWithPyramid(body, channels, parts.channels, parts.norm)


def _roi_heads(parts: HeadParts, groups: MaskRCNNOptions) -> BranchedRoIHeads:
    """Build the RoI heads for the options."""
    sampling, kept, ious = groups.sampling, groups.kept, groups.cascade.cascade_ious
    first_iou = ious[0] if ious else sampling.roi_iou
    shared: dict[str, Any] = {
        "fg_iou_thresh": first_iou,
        "bg_iou_thresh": first_iou,
        "batch_size_per_image": sampling.rois_per_image,
        "positive_fraction": sampling.positive_rois,
        "score_thresh": kept.score_threshold,
        "nms_thresh": kept.nms_threshold,
        "detections_per_img": kept.detections,
        "aligned": groups.architecture.aligned,
        "masks_on_predicted_boxes": sampling.masks_on_predicted_boxes,
        **parts.pools(),
    }
    box = {} if ious else parts.box_branch()
    stages = parts.cascade(ious)
    shared |= parts.mask_branch()
    if groups.architecture.mask_scoring:
        shared["mask_scoring"] = parts.mask_scoring()
    if stages:
        return CascadeRoIHeads(
            stages, list(groups.cascade.stage_weights), scaled_gradients=groups.cascade.scaled_gradients, **shared
        )
    return BranchedRoIHeads(**box, **shared)


def _proposal_network(anchors: Anchors, limits: ProposalLimits, made: Architecture) -> RegionProposalNetwork:
    """Build the region proposal network; in version 2 its head has two convolutions."""
    sizes = tuple((size,) for size in anchors.anchor_sizes)
    generator = FullAnchors(sizes, (tuple(anchors.aspect_ratios),) * len(sizes))
    counts = {"training": limits.proposals_train, "testing": limits.proposals_test}
    return RegionProposalNetwork(
        generator,
        FullRPNHead(made.pyramid_channels, generator.num_anchors_per_location()[0], conv_depth=made.version),
        fg_iou_thresh=anchors.anchor_ious[1],
        bg_iou_thresh=anchors.anchor_ious[0],
        batch_size_per_image=anchors.anchors_per_image,
        positive_fraction=0.5,
        pre_nms_top_n=counts,
        post_nms_top_n=counts,
        nms_thresh=limits.proposal_nms,
    )


def _set_norm_momentum(body: nn.Module, momentum: float) -> None:
    """Set the momentum of the running statistics of every BatchNorm of ``body``."""
    for module in body.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = momentum
