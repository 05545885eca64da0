"""The second stage: proposals to detections with masks, and in training to the losses of boxes, classes and masks."""

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
    """What a mask head does: Mask R-CNN's or PointRend's."""

    def predict(
        self, maps: Sequence[torch.Tensor], boxes: Sequence[torch.Tensor], classes: torch.Tensor
    ) -> torch.Tensor:
        """Probabilities ``(N, 1, M, M)`` of the class of each of the boxes of all images."""
        ...

    def losses(self, maps: Sequence[torch.Tensor], regions: Sequence[ForegroundProposals]) -> dict[str, torch.Tensor]:
        """The losses of the regions of a batch."""
        ...


@dataclass(frozen=True)
class Truth:
    """The objects of one image: ``boxes`` ``(T, 4)`` on the resized image, ``classes`` 0..K-1, ``masks`` as of old.

    ``masks`` ``(T, H, W)`` have the size of the original image; ``to_masks`` ``(4,)`` leads there from resized pixels.
    """

    boxes: torch.Tensor
    classes: torch.Tensor
    masks: torch.Tensor
    to_masks: torch.Tensor


@dataclass(frozen=True)
class Sampled:
    """Proposals of one image to learn from: their boxes, classes (K for background) and nearest object."""

    boxes: torch.Tensor
    classes: torch.Tensor
    objects: torch.Tensor


class RoiHeads(nn.Module):
    """Box head, box predictor and mask head."""

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
        """The detections of each image, without masks, from p2 … p5 ``maps`` and ``proposals`` ``(N, 4)``.

        Raises :class:`~maskwright.errors.NotFinite`.
        """
        counts = [len(boxes) for boxes in proposals]
        logits, deltas = self._predict(maps, proposals)
        require_finite([logits, deltas])
        parts = zip(logits.split(counts), deltas.split(counts), proposals, sizes, strict=True)
        return [filter_detections(*part, self.keep) for part in parts]

    def losses(
        self, maps: Sequence[torch.Tensor], proposals: Sequence[torch.Tensor], truth: Sequence[Truth]
    ) -> dict[str, torch.Tensor]:
        """``loss_classifier``, ``loss_box_reg`` and the losses of the mask head."""
        sampled = [self.sample(boxes, objects) for boxes, objects in zip(proposals, truth, strict=True)]
        logits, deltas = self._predict(maps, [s.boxes for s in sampled])
        losses = box_losses(logits, deltas, sampled, truth)
        regions = self._regions(deltas.detach(), sampled, truth)
        return losses | self.mask_head.losses(maps, regions)  # type: ignore[operator]

    def _predict(
        self, maps: Sequence[torch.Tensor], boxes: Sequence[torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return self.box_predictor(self.box_head(pool(maps, boxes, POOLED_SIDE)))

    @torch.no_grad()
    def sample(self, proposals: torch.Tensor, truth: Truth) -> Sampled:
        """At most ``per_image`` of the proposals and true boxes, at most a quarter of them objects."""
        boxes = torch.cat([proposals, truth.boxes])
        if len(truth.boxes):
            best, objects = box_iou(truth.boxes, boxes).max(dim=0)
            classes = truth.classes[objects].masked_fill(best < LARGEST_BACKGROUND_IOU, self.classes)
        else:
            objects = boxes.new_zeros(len(boxes), dtype=torch.int64)
            classes = torch.full_like(objects, self.classes)
        # The sampler takes 0 for background.
        sampler = BalancedPositiveNegativeSampler(self.per_image, OBJECT_SHARE)
        positive, negative = sampler([(classes < self.classes).to(boxes)])
        chosen = (positive[0] | negative[0]).nonzero().squeeze(1)
        return Sampled(boxes[chosen], classes[chosen], objects[chosen])

    def _regions(
        self, deltas: torch.Tensor, sampled: Sequence[Sampled], truth: Sequence[Truth]
    ) -> list[ForegroundProposals]:
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
    """The four deltas of each object's class: ``(N, 4 · K)`` to ``(N, 4)``."""
    return deltas.view(len(deltas), deltas.shape[1] // 4, 4)[torch.arange(len(deltas), device=deltas.device), classes]


def box_losses(
    logits: torch.Tensor, deltas: torch.Tensor, sampled: Sequence[Sampled], truth: Sequence[Truth]
) -> dict[str, torch.Tensor]:
    """Cross-entropy over all sampled boxes; L1 of the objects' deltas, divided by the number of all boxes."""
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
