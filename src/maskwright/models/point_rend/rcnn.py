"""PointRend's mask head on torchvision's Mask R-CNN and its variants, in place of their mask heads."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from maskwright.models.entry import split_options
from maskwright.models.mask_rcnn import TorchvisionRCNN, build_mask_rcnn
from maskwright.models.point_rend.head import PointRendHead
from maskwright.models.roi_heads import to_foreground_proposals

Target = dict[str, torch.Tensor]
FINEST = "0"  # torchvision's name of the level at stride 4


class PointRendRoIHeads(nn.Module):
    """RoI heads that take boxes from ``boxes``, the RoI heads of an R-CNN, and masks from PointRend."""

    def __init__(self, boxes: nn.Module, masks: PointRendHead) -> None:
        super().__init__()
        self.boxes, self.masks = boxes, masks

    def forward(
        self,
        features: Mapping[str, torch.Tensor],
        proposals: list[torch.Tensor],
        image_shapes: list[tuple[int, int]],
        targets: list[Target] | None = None,
    ) -> tuple[list[Target], dict[str, torch.Tensor]]:
        """Return the detections of each image (empty in training) and the losses (empty in prediction).

        Arguments and results are those of :meth:`maskwright.models.roi_heads.BranchedRoIHeads.forward`; ``masks`` are
        ``(N, 1, 224, 224)``.
        """
        regions, found, losses = self.boxes.detect(features, proposals, image_shapes, targets)  # type: ignore[operator]
        maps = [features[FINEST]]
        if self.training and targets is not None:
            return found, losses | self.masks.losses(maps, to_foreground_proposals(regions, targets))
        for image, one in enumerate(found):
            own = [features[FINEST][image : image + 1]]
            one["masks"] = self.masks.predict(own, [one["boxes"]], one["labels"] - 1)
        return found, losses


def build_point_rend_rcnn(classes: int, *, masks_on_predicted_boxes: bool = True, **options: Any) -> TorchvisionRCNN:
    """Build torchvision's Mask R-CNN with PointRend's masks for ``classes`` classes, with random weights.

    Background is class 0 of the boxes. The masks are trained on predicted boxes, as in the reference, unless
    ``masks_on_predicted_boxes`` is false. The other options are those of :class:`PointRendHead` and of
    :func:`~maskwright.models.mask_rcnn.build_mask_rcnn`, which says what the model takes and returns; here ``masks``
    are ``(N, 1, 224, 224)``.

    Raises ``ValueError`` for a ``point_loss`` other than cross_entropy and smooth_l1, and for ``mask_scoring`` and
    ``class_agnostic_masks``, which are of Mask R-CNN's masks. Raises the errors of
    :func:`~maskwright.models.mask_rcnn.build_mask_rcnn`.
    """
    own, detector = split_options(PointRendHead, options)
    for option in ("mask_scoring", "class_agnostic_masks"):
        if detector.get(option):
            raise ValueError(f"{option}: expected none with PointRend's masks")
    network = build_mask_rcnn(classes, masks_on_predicted_boxes=masks_on_predicted_boxes, **detector)
    for part in ("mask_roi_pool", "mask_head", "mask_predictor"):
        setattr(network.roi_heads, part, None)
    masks = PointRendHead(network.backbone.out_channels, classes, **own)  # type: ignore[arg-type]
    network.roi_heads = PointRendRoIHeads(network.roi_heads, masks)
    return network
