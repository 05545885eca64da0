"""torchvision's RoI heads as two branches, boxes then masks, so that a model can replace either of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torchvision.models.detection.roi_heads import RoIHeads, fastrcnn_loss, project_masks_on_boxes

from maskwright.models.full_precision import require_finite, to_float32
from maskwright.models.mask_scoring import mask_ious
from maskwright.models.mask_targets import ForegroundProposals, cropped_masks

Features = Mapping[str, torch.Tensor]
Shapes = list[tuple[int, int]]
Target = dict[str, torch.Tensor]
Losses = dict[str, torch.Tensor]


@dataclass(frozen=True)
class MaskProposals:
    """Proposals whose masks are predicted: for each image boxes ``(N, 4)`` and classes ``(N,)`` int64.

    ``matched`` has in training the rows ``(N,)`` int64 of the matched true objects; it is None in prediction.
    """

    boxes: list[torch.Tensor]
    labels: list[torch.Tensor]
    matched: list[torch.Tensor] | None = None

    def positive(self) -> "MaskProposals":
        """Return the proposals that hold an object (label above 0); ``matched`` must be given."""
        assert self.matched is not None
        rows = _positive_rows(self.labels)
        fields = (self.boxes, self.labels, self.matched)
        return MaskProposals(*([one[chosen] for one, chosen in zip(field, rows, strict=True)] for field in fields))


def _positive_rows(labels: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return the rows ``(P,)`` int64 of the labels ``(N,)`` above 0 of each image.

    How many there are must be known to the host. It reads the labels of all images once, instead of waiting for the
    device with every index of every image.
    """
    host = torch.cat(labels).cpu().split([len(one) for one in labels])
    rows = [(one > 0).nonzero()[:, 0] for one in host]
    device = labels[0].device
    if device.type == "cpu":
        return rows
    return list(torch.cat(rows).to(device, non_blocking=True).split([len(one) for one in rows]))


class BranchedRoIHeads(RoIHeads):
    """torchvision's RoI heads with separate box branch (:meth:`detect`) and mask branch (:meth:`segment`).

    With the defaults losses and results equal torchvision's. With ``mask_scoring`` the IoU of each mask is predicted,
    and scores become class score times IoU (see :class:`~maskwright.models.mask_scoring.MaskScoringHead`). With
    ``aligned`` the true masks are cropped without torchvision's shift, see
    :func:`~maskwright.models.mask_targets.cropped_masks`; pooling is to be aligned as well. With
    ``masks_on_predicted_boxes`` the mask branch is trained on the boxes that the box branch makes of the proposals.
    ``parts`` are the other arguments of torchvision's ``RoIHeads``.
    """

    def __init__(
        self,
        *,
        mask_scoring: nn.Module | None = None,
        aligned: bool = False,
        masks_on_predicted_boxes: bool = False,
        **parts: Any,
    ) -> None:
        super().__init__(bbox_reg_weights=None, **parts)
        self.mask_scoring = mask_scoring
        self.aligned, self.masks_on_predicted_boxes = aligned, masks_on_predicted_boxes

    def forward(  # type: ignore[override]
        self,
        features: Features,
        proposals: list[torch.Tensor],
        image_shapes: Shapes,
        targets: list[Target] | None = None,
    ) -> tuple[list[Target], Losses]:
        """Return the detections of each image (empty in training) and the losses (empty in prediction).

        ``features`` has the maps of the pyramid by name. ``proposals`` holds ``(N, 4)`` of each image in pixels of the
        resized image, ``image_shapes`` its ``(H, W)``. Targets are torchvision's: ``boxes`` ``(T, 4)``, ``labels``
        ``(T,)`` int64 1..K and ``masks`` ``(T, H, W)``, all of the resized image. Detections have ``boxes`` ``(N, 4)``,
        ``labels`` ``(N,)`` int64, ``scores`` ``(N,)`` and ``masks`` ``(N, 1, M, M)``, probabilities within the boxes.

        Raises :class:`~maskwright.errors.NotFinite` in prediction when an output is NaN or infinite.
        """
        regions, found, losses = self.detect(features, proposals, image_shapes, targets)
        return found, losses | self.segment(features, regions, image_shapes, found, targets)

    def detect(
        self, features: Features, proposals: list[torch.Tensor], image_shapes: Shapes, targets: list[Target] | None
    ) -> tuple[MaskProposals, list[Target], Losses]:
        """Return the proposals to segment, the detections without masks, and the losses of classes and boxes.

        The arguments are those of :meth:`forward`. In training the first are the sampled proposals that hold an object,
        with ``masks_on_predicted_boxes`` as the box branch moves them, and the losses ``loss_classifier`` and
        ``loss_box_reg``; in prediction the first are the detections themselves.
        """
        matched, labels, wanted = None, [], []
        if self.training:
            proposals, matched, labels, wanted = self.select_training_samples(proposals, targets)
        pooled = self.box_roi_pool(features, proposals, image_shapes)
        logits, deltas = (to_float32(answer) for answer in self.box_predictor(self.box_head(pooled)))
        if self.training:
            classifier, box = fastrcnn_loss(logits, deltas, labels, wanted)
            losses = {"loss_classifier": classifier, "loss_box_reg": box}
            if self.masks_on_predicted_boxes:
                proposals = self._predicted_boxes(deltas.detach(), proposals, labels)
            return MaskProposals(proposals, labels, matched).positive(), [], losses
        found = self.detections(logits, deltas, proposals, image_shapes)
        return detections_as_proposals(found), found, {}

    def detections(
        self, logits: torch.Tensor, deltas: torch.Tensor, proposals: list[torch.Tensor], image_shapes: Shapes
    ) -> list[Target]:
        """Return the detections of each image without masks, best first.

        They have ``boxes`` ``(N, 4)``, ``labels`` ``(N,)`` int64 and ``scores`` ``(N,)``. ``logits`` is ``(N, K+1)``
        with background first, ``deltas`` ``(N, 4 (K+1))``, both for the proposals of all images.

        Raises :class:`~maskwright.errors.NotFinite` when one is NaN or infinite.
        """
        require_finite([logits, deltas])
        boxes, scores, labels = self.postprocess_detections(logits, deltas, proposals, image_shapes)
        return [{"boxes": b, "labels": one, "scores": s} for b, one, s in zip(boxes, labels, scores, strict=True)]

    def _predicted_boxes(
        self, deltas: torch.Tensor, proposals: list[torch.Tensor], labels: list[torch.Tensor]
    ) -> list[torch.Tensor]:
        """Return the ``proposals`` as ``deltas`` ``(N, 4 (K+1))`` move them for their true class, not clipped."""
        boxes = self.box_coder.decode(deltas, proposals)
        own = boxes[torch.arange(len(boxes), device=boxes.device), torch.cat(labels)]
        return list(own.split([len(one) for one in proposals]))

    def segment(
        self,
        features: Features,
        regions: MaskProposals,
        image_shapes: Shapes,
        found: list[Target],
        targets: list[Target] | None,
    ) -> Losses:
        """Return the losses of the masks in training; add ``masks`` to ``found`` in prediction, in place.

        ``regions`` are the proposals that :meth:`detect` returns, ``found`` its detections. The masks are probabilities
        ``(N, 1, M, M)`` within the boxes. The losses are ``loss_mask`` and, with mask scoring, ``loss_mask_iou``.

        Raises :class:`~maskwright.errors.NotFinite` in prediction when a logit is NaN or infinite.
        """
        pooled = self.mask_roi_pool(features, regions.boxes, image_shapes)  # type: ignore[misc]
        logits = to_float32(self.mask_predictor(self.mask_head(pooled)))  # type: ignore[misc]
        labels = torch.cat(regions.labels)
        chosen = logits[torch.arange(labels.shape[0], device=labels.device), labels][:, None]
        if targets is not None and regions.matched is not None:
            return self._mask_losses(pooled, chosen, regions, targets)
        require_finite([logits])
        counts = [boxes.shape[0] for boxes in regions.boxes]
        for one, masks in zip(found, chosen.sigmoid().split(counts), strict=True):
            one["masks"] = masks
        if self.mask_scoring is not None:
            masks = torch.cat([one["masks"] for one in found])
            qualities = to_float32(self.mask_scoring(pooled, masks, labels)).clamp(0, 1)
            for one, quality in zip(found, qualities.split(counts), strict=True):
                _rescore(one, quality)
        return {}

    def _mask_losses(
        self, pooled: torch.Tensor, logits: torch.Tensor, regions: MaskProposals, targets: list[Target]
    ) -> Losses:
        """Return the binary cross-entropy of the masks and, with mask scoring, the squared error of their IoU.

        ``logits`` ``(N, 1, M, M)`` are those of the true classes.
        """
        labels, chosen = torch.cat(regions.labels), logits[:, 0]
        predicted_iou = None
        if self.mask_scoring is not None:
            predicted_iou = to_float32(self.mask_scoring(pooled, logits.sigmoid(), labels))
        if not len(labels):
            # A loss of every parameter: processes that share a batch must have gradients for the same parameters.
            nothing = {"loss_mask": logits.sum() * 0}
            return nothing if predicted_iou is None else nothing | {"loss_mask_iou": predicted_iou.sum() * 0}
        assert regions.matched is not None
        truth = self._true_masks(regions, targets, logits.shape[-1])
        losses = {"loss_mask": functional.binary_cross_entropy_with_logits(chosen, truth)}
        if predicted_iou is not None:
            areas = [t["masks"].flatten(1).sum(1)[i] for t, i in zip(targets, regions.matched, strict=True)]
            wanted = mask_ious(chosen, truth, torch.cat(regions.boxes), torch.cat(areas))
            losses["loss_mask_iou"] = functional.mse_loss(predicted_iou, wanted)
        return losses

    def _true_masks(self, regions: MaskProposals, targets: list[Target], side: int) -> torch.Tensor:
        """Return the true masks within the boxes of ``regions``, ``(N, side, side)``, 0 to 1."""
        if self.aligned:
            # Not rounded to 0 and 1 as in Detectron2: a head without fault then reaches a mean IoU of 0.98 instead of
            # 0.95 on large objects (benchmarks/roi_ceiling.py). torchvision does not round either.
            return torch.cat([cropped_masks(region, side) for region in to_foreground_proposals(regions, targets)])
        return torch.cat(
            [
                project_masks_on_boxes(target["masks"], boxes, matched, side)
                for target, boxes, matched in zip(targets, regions.boxes, regions.matched or [], strict=True)
            ]
        )


def to_foreground_proposals(regions: MaskProposals, targets: list[Target]) -> list[ForegroundProposals]:
    """Return training proposals of foreground, ``regions``, in the form of Detectron2's parts.

    Labels 1..K become classes 0..K-1. Masks have the size of the resized image, so ``to_masks`` is 1.
    """
    assert regions.matched is not None
    parts = zip(regions.boxes, regions.labels, regions.matched, targets, strict=True)
    return [
        ForegroundProposals(boxes, labels - 1, matched, target["masks"], boxes.new_ones(4))
        for boxes, labels, matched, target in parts
    ]


def detections_as_proposals(found: Sequence[Target]) -> MaskProposals:
    """Return the detections as proposals to segment."""
    return MaskProposals([one["boxes"] for one in found], [one["labels"] for one in found])


def _rescore(found: Target, quality: torch.Tensor) -> None:
    """Multiply the scores by ``quality`` ``(N,)`` and sort the detections best first, in place."""
    rescored = found["scores"] * quality
    # ONNX has no stable sort.
    scores, order = rescored.sort(descending=True, **({} if torch.onnx.is_in_onnx_export() else {"stable": True}))
    found.update({key: value[order] for key, value in found.items()} | {"scores": scores})
