"""Box branch of Cascade R-CNN: stages that refine each other's boxes at rising IoU thresholds.

Boxes: Cai & Vasconcelos 2018 (arXiv:1712.00726). With masks: Cai & Vasconcelos 2019 (arXiv:1906.09756).
"""

from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torchvision.models.detection._utils import BoxCoder, Matcher
from torchvision.ops import box_iou, clip_boxes_to_image

from maskwright.models.full_precision import to_float32
from maskwright.models.roi_heads import (
    BranchedRoIHeads,
    Features,
    Losses,
    MaskProposals,
    Shapes,
    Target,
    detections_as_proposals,
)

# Deltas become smaller from stage to stage. The paper normalises them by their spread, as here (section 4.2).
_CODER_WEIGHTS = (10.0, 10.0, 5.0, 5.0)


class CascadeStage(nn.Module):
    """One box stage: a box head, a classifier and a class-agnostic box regressor.

    ``head`` maps pooled features to ``(N, features)``. ``iou`` is the overlap from which a proposal of this stage is an
    object. ``number`` counts the stages from 1; the weights of the box coder are ``number`` times (10, 10, 5, 5).
    """

    def __init__(self, head: nn.Module, features: int, classes: int, iou: float, number: int) -> None:
        super().__init__()
        self.head = head
        self.cls_score = nn.Linear(features, classes + 1)
        self.bbox_pred = nn.Linear(features, 4)
        self.iou = iou
        self.coder = BoxCoder(tuple(number * weight for weight in _CODER_WEIGHTS))  # type: ignore[arg-type]

    def forward(self, pooled: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return class logits ``(N, K+1)``, background first, and box deltas ``(N, 4)``, both float32 at least.

        ``pooled`` are the features of the proposals of all images, ``(N, C, 7, 7)``, or ``(N, L, C, 7, 7)`` from all
        levels.
        """
        features = self.head(pooled)
        return to_float32(self.cls_score(features)), to_float32(self.bbox_pred(features))

    def losses(
        self, logits: torch.Tensor, deltas: torch.Tensor, regions: MaskProposals, targets: list[Target]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the cross-entropy of the classes and the smooth L1 loss (β = 1/9) of the boxes, as scalars.

        Both are means over all proposals, as in torchvision; only proposals of an object have a box loss. ``logits`` is
        ``(N, K+1)`` and ``deltas`` ``(N, 4)``; ``regions`` has the proposals with labels and matched objects, and each
        target the ``boxes`` ``(T, 4)`` of its image.
        """
        labels, positive = torch.cat(regions.labels), regions.positive()
        assert positive.matched is not None
        objects = [t["boxes"].to(deltas)[rows] for t, rows in zip(targets, positive.matched, strict=True)]
        # Only proposals of an object are encoded: the deltas of a box without width are infinite.
        wanted = torch.cat(self.coder.encode(objects, positive.boxes))
        box = functional.smooth_l1_loss(deltas[labels > 0], wanted, beta=1 / 9, reduction="sum")
        return functional.cross_entropy(logits, labels), box / max(len(labels), 1)

    @torch.no_grad()
    def refined(self, deltas: torch.Tensor, boxes: list[torch.Tensor], image_shapes: Shapes) -> list[torch.Tensor]:
        """Return ``boxes`` moved by ``deltas`` ``(N, 4)`` and clipped to the images, without gradients.

        ``boxes`` holds ``(N, 4)`` of each image; ``image_shapes`` are ``(H, W)`` of each image as resized.
        """
        moved = self.coder.decode(deltas, boxes).reshape(-1, 4).split([one.shape[0] for one in boxes])
        return [clip_boxes_to_image(one, shape) for one, shape in zip(moved, image_shapes, strict=True)]


class CascadeRoIHeads(BranchedRoIHeads):
    """RoI heads with several box stages; the mask branch is trained on the proposals of the first stage.

    ``stages`` run in order, and ``stage_weights`` multiply their losses. With ``scaled_gradients``, the gradients of
    their pooled features are divided by the number of stages, as in Detectron2's ``CascadeROIHeads``: else all stages
    together would move the pyramid as many times as far as one box branch. ``parts`` are the other arguments of
    :class:`~maskwright.models.roi_heads.BranchedRoIHeads`; its ``masks_on_predicted_boxes`` takes the boxes of the last
    stage.
    """

    def __init__(
        self, stages: list[CascadeStage], stage_weights: list[float], *, scaled_gradients: bool = True, **parts: Any
    ) -> None:
        super().__init__(box_head=None, box_predictor=None, **parts)
        self.stages = nn.ModuleList(stages)
        self.stage_weights = stage_weights
        self.gradient_share = 1 / len(stages) if scaled_gradients else 1.0
        self.box_coder = stages[-1].coder

    def detect(
        self, features: Features, proposals: list[torch.Tensor], image_shapes: Shapes, targets: list[Target] | None
    ) -> tuple[MaskProposals, list[Target], Losses]:
        """Return the proposals to segment, the detections without masks, and the losses of all stages.

        The arguments and results are those of :meth:`~maskwright.models.roi_heads.BranchedRoIHeads.detect`. In
        prediction the scores are the mean of the class probabilities of all stages, and the boxes are those of the last
        stage. In training the losses are ``loss_classifier_stage1``, ``loss_box_reg_stage1`` and so on.
        """
        if targets is not None and self.training:
            return self._training_losses(features, proposals, image_shapes, targets)
        probabilities = torch.zeros(())
        logits, deltas, boxes = torch.zeros(()), torch.zeros(()), proposals
        for number, stage in enumerate(self.stages):
            if number:
                boxes = self.stages[number - 1].refined(deltas, boxes, image_shapes)  # type: ignore[operator]
            logits, deltas = stage(self.box_roi_pool(features, boxes, image_shapes))
            probabilities = probabilities.to(logits.device) + logits.softmax(dim=1) / len(self.stages)
        # torchvision's post-processing takes logits, and deltas of every class.
        mean_logits = probabilities.clamp(min=torch.finfo(probabilities.dtype).tiny).log()
        found = self.detections(mean_logits, deltas.repeat(1, logits.shape[1]), boxes, image_shapes)
        return detections_as_proposals(found), found, {}

    def _training_losses(
        self, features: Features, proposals: list[torch.Tensor], image_shapes: Shapes, targets: list[Target]
    ) -> tuple[MaskProposals, list[Target], Losses]:
        """Return the foreground proposals of the first stage, no detections, and the weighted losses of each stage."""
        boxes, matched, labels, _ = self.select_training_samples(proposals, targets)
        first = regions = MaskProposals(boxes, labels, matched)
        losses: Losses = {}
        for number, (stage, weight) in enumerate(zip(self.stages, self.stage_weights, strict=True), start=1):
            pooled = self.box_roi_pool(features, regions.boxes, image_shapes)
            if pooled.requires_grad and self.gradient_share != 1:
                pooled.register_hook(lambda gradient: gradient * self.gradient_share)
            logits, deltas = stage(pooled)
            classifier, box = stage.losses(logits, deltas, regions, targets)  # type: ignore[operator]
            losses[f"loss_classifier_stage{number}"] = weight * classifier
            losses[f"loss_box_reg_stage{number}"] = weight * box
            if number < len(self.stages) or self.masks_on_predicted_boxes:
                boxes = stage.refined(deltas, regions.boxes, image_shapes)  # type: ignore[operator]
            if number < len(self.stages):
                regions = match_proposals(boxes, targets, self.stages[number].iou)  # type: ignore[arg-type]
        if self.masks_on_predicted_boxes:
            first = replace(first, boxes=boxes)
        return first.positive(), [], losses


def match_proposals(boxes: list[torch.Tensor], targets: list[Target], iou: float) -> MaskProposals:
    """Return ``boxes`` with the class and the row of the object that each overlaps most.

    ``boxes`` holds ``(N, 4)`` of each image, each target ``boxes`` ``(T, 4)`` and ``labels`` ``(T,)`` int64. A box
    whose best IoU is below ``iou`` has label 0 (background) and row 0. Labels and rows are ``(N,)`` int64.
    """
    matcher = Matcher(iou, iou, allow_low_quality_matches=False)
    labels, matched = [], []
    for one, target in zip(boxes, targets, strict=True):
        if not len(target["boxes"]):
            rows = torch.full((len(one),), -1, device=one.device)
        else:
            rows = matcher(box_iou(target["boxes"].to(one), one))
        matched.append(rows.clamp(min=0))
        classes = torch.cat([target["labels"], target["labels"].new_zeros(1)])  # row −1 reads the last: background
        labels.append(classes[rows.clamp(min=-1)])
    return MaskProposals(boxes, labels, matched)
