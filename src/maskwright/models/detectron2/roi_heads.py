"""RoI heads of Detectron2: proposals to detections, and in training to the losses of boxes, classes and masks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn
from torch.nn import functional
from torchvision.models.detection._utils import BalancedPositiveNegativeSampler
from torchvision.ops import box_iou

from maskwright.models.detectron2.box_head import (
    POOLED_SIDE,
    BoxDetections,
    BoxHead,
    BoxPredictor,
    DetectionFilter,
    filter_detections,
)
from maskwright.models.detectron2.boxes import DETECTION_CODER
from maskwright.models.detectron2.pooling import pool
from maskwright.models.full_precision import require_finite
from maskwright.models.mask_targets import ForegroundProposals

LARGEST_BACKGROUND_IOU, OBJECT_SHARE = 0.5, 0.25
DEFAULT_DETECTION_FILTER = DetectionFilter()


class Masks(Protocol):
    """The interface of a mask head, Mask R-CNN's or PointRend's."""

    def predict(
        self, maps: Sequence[torch.Tensor], boxes: Sequence[torch.Tensor], classes: torch.Tensor
    ) -> torch.Tensor:
        """Return mask probabilities ``(N, 1, M, M)`` of the boxes of all images, each for its class."""
        ...

    def losses(self, maps: Sequence[torch.Tensor], regions: Sequence[ForegroundProposals]) -> dict[str, torch.Tensor]:
        """Return scalar losses by name for the foreground proposals of a batch."""
        ...


@dataclass(frozen=True)
class Truth:
    """The objects of one image with boxes on the resized image and masks of the original size.

    ``boxes`` is ``(T, 4)``, ``classes`` ``(T,)`` int64 0..K-1, ``masks`` ``(T, H, W)``. ``to_masks`` ``(4,)`` are the
    factors from pixels of the resized image to those of the masks, for x, y, x and y.
    """

    boxes: torch.Tensor
    classes: torch.Tensor
    masks: torch.Tensor
    to_masks: torch.Tensor


@dataclass(frozen=True)
class Sampled:
    """The proposals of one image that are sampled for training.

    ``boxes`` is ``(N, 4)``, ``classes`` ``(N,)`` int64 with K for background, ``objects`` ``(N,)`` int64 the row of the
    object with the highest IoU.
    """

    boxes: torch.Tensor
    classes: torch.Tensor
    objects: torch.Tensor


class RoiHeads(nn.Module):
    """RoI heads: box head, box predictor and mask head.

    ``keep`` are the limits on detections. ``per_image`` proposals are sampled in training. With
    ``masks_on_predicted_boxes`` the mask head is trained on boxes refined by the box predictor, not on proposals.
    """

    def __init__(
        self,
        box_head: BoxHead,
        box_predictor: BoxPredictor,
        mask_head: nn.Module,
        *,
        keep: DetectionFilter = DEFAULT_DETECTION_FILTER,
        per_image: int = 512,
        masks_on_predicted_boxes: bool = False,
    ) -> None:
        super().__init__()
        self.box_head, self.box_predictor, self.mask_head = box_head, box_predictor, mask_head
        self.keep, self.per_image = keep, per_image
        self.masks_on_predicted_boxes = masks_on_predicted_boxes

    @property
    def classes(self) -> int:
        """K, the number of classes without background."""
        return self.box_predictor.cls_score.out_features - 1

    def detect(
        self, maps: Sequence[torch.Tensor], proposals: Sequence[torch.Tensor], sizes: Sequence[tuple[int, int]]
    ) -> list[BoxDetections]:
        """Return the detections of each image without masks.

        ``maps`` are p2 … p5. ``proposals`` holds ``(N, 4)`` of each image in pixels of the resized image, ``sizes`` its
        ``(H, W)``.

        Raises :class:`~maskwright.errors.NotFinite` when an output is NaN or infinite.
        """
        counts = [boxes.shape[0] for boxes in proposals]
        logits, deltas = self._predict(maps, proposals)
        require_finite([logits, deltas])
        parts = zip(logits.split(counts), deltas.split(counts), proposals, sizes, strict=True)
        return [filter_detections(*part, self.keep) for part in parts]

    def losses(
        self, maps: Sequence[torch.Tensor], proposals: Sequence[torch.Tensor], truth: Sequence[Truth]
    ) -> dict[str, torch.Tensor]:
        """Return the scalars ``loss_classifier``, ``loss_box_reg`` and the losses of the mask head.

        ``maps`` and ``proposals`` are those of :meth:`detect`; ``truth`` has the objects of each image.
        """
        sampled = [self.sample(boxes, objects) for boxes, objects in zip(proposals, truth, strict=True)]
        logits, deltas = self._predict(maps, [s.boxes for s in sampled])
        losses = box_losses(logits, deltas, sampled, truth)
        regions = self._regions(deltas.detach(), sampled, truth)
        return losses | self.mask_head.losses(maps, regions)  # type: ignore[operator]

    def _predict(
        self, maps: Sequence[torch.Tensor], boxes: Sequence[torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits ``(N, K+1)`` and deltas ``(N, 4 K)`` of the boxes of all images."""
        return self.box_predictor(self.box_head(pool(maps, boxes, POOLED_SIDE)))

    @torch.no_grad()
    def sample(self, proposals: torch.Tensor, truth: Truth) -> Sampled:
        """Return at most ``per_image`` of the ``proposals`` ``(N, 4)`` and true boxes for training.

        At most a quarter of them are foreground: boxes with an IoU of at least ½ with an object. The choice is random
        and has no gradient.
        """
        boxes = torch.cat([proposals, truth.boxes])
        if len(truth.boxes):
            best, objects = box_iou(truth.boxes, boxes).max(dim=0)
            classes = truth.classes[objects].masked_fill(best < LARGEST_BACKGROUND_IOU, self.classes)
        else:
            objects = boxes.new_zeros(len(boxes), dtype=torch.int64)
            classes = torch.full_like(objects, self.classes)
        # In torchvision's sampler background is 0.
        sampler = BalancedPositiveNegativeSampler(self.per_image, OBJECT_SHARE)
        positive, negative = sampler([(classes < self.classes).to(boxes)])
        chosen = (positive[0] | negative[0]).nonzero().squeeze(1)
        return Sampled(boxes[chosen], classes[chosen], objects[chosen])

    def _regions(
        self, deltas: torch.Tensor, sampled: Sequence[Sampled], truth: Sequence[Truth]
    ) -> list[ForegroundProposals]:
        """Return the foreground proposals of each image on which the mask head is trained."""
        regions = []
        for changes, s, t in zip(deltas.split([len(s.boxes) for s in sampled]), sampled, truth, strict=True):
            held = (s.classes < self.classes).nonzero().squeeze(1)
            boxes, classes = s.boxes[held], s.classes[held]
            if self.masks_on_predicted_boxes:
                boxes = _own_class(changes[held], classes)
                boxes = DETECTION_CODER.decode_single(boxes, s.boxes[held])
            regions.append(ForegroundProposals(boxes, classes, s.objects[held], t.masks, t.to_masks))
        return regions


def _own_class(deltas: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Return the four deltas ``(N, 4)`` of each object's class from ``deltas`` ``(N, 4 K)``."""
    return deltas.view(len(deltas), deltas.shape[1] // 4, 4)[torch.arange(len(deltas), device=deltas.device), classes]


def box_losses(
    logits: torch.Tensor, deltas: torch.Tensor, sampled: Sequence[Sampled], truth: Sequence[Truth]
) -> dict[str, torch.Tensor]:
    """Return the classification and box losses of the sampled boxes, as scalars.

    ``loss_classifier`` is the mean cross-entropy over all sampled boxes. ``loss_box_reg`` is the L1 loss of the
    foreground deltas, divided by the number of all sampled boxes. ``logits`` is ``(N, K+1)`` with background last,
    ``deltas`` ``(N, 4 K)``.
    """
    classes = torch.cat([s.classes for s in sampled])
    wanted = torch.cat(
        [
            DETECTION_CODER.encode_single(t.boxes[s.objects], s.boxes) if len(t.boxes) else torch.zeros_like(s.boxes)
            for s, t in zip(sampled, truth, strict=True)
        ]
    )
    held = (classes < logits.shape[1] - 1).nonzero().squeeze(1)
    found = _own_class(deltas[held], classes[held])
    return {
        "loss_classifier": functional.cross_entropy(logits, classes),
        "loss_box_reg": functional.l1_loss(found, wanted[held], reduction="sum") / max(len(classes), 1),
    }
