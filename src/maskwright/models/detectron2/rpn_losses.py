"""Losses of the region proposal network: anchors matched to true boxes, 256 of them sampled in each image.

Ren et al. 2015 (arXiv:1506.01497), section 3.1.2; the L1 box loss and its normaliser are Detectron2's.
"""

from collections.abc import Sequence

import torch
from torch.nn import functional
from torchvision.models.detection._utils import BalancedPositiveNegativeSampler, Matcher
from torchvision.ops import box_iou

from maskwright.models.detectron2.boxes import PROPOSAL_CODER

ANCHORS_PER_IMAGE, POSITIVE_SHARE = 256, 0.5
# Below IoU 0.3 background; from 0.7 on an object, as is the best anchor of each object.
_matcher = Matcher(0.7, 0.3, allow_low_quality_matches=True)


def proposal_losses(
    anchors: torch.Tensor, logits: torch.Tensor, deltas: torch.Tensor, truth: Sequence[torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Return the scalars ``loss_objectness`` and ``loss_rpn_box_reg`` of a batch.

    ``anchors`` is ``(A, 4)`` of all levels, ``logits`` ``(B, A)``, ``deltas`` ``(B, A, 4)``; ``truth`` holds the boxes
    ``(T, 4)`` of each image. Both sums are divided by 256 times the number of images.
    """
    matches = [match_anchors(anchors, boxes) for boxes in truth]
    sampler = BalancedPositiveNegativeSampler(ANCHORS_PER_IMAGE, POSITIVE_SHARE)
    positive, negative = (torch.stack(masks).bool() for masks in sampler([labels for labels, _ in matches]))
    nearest = torch.stack([boxes for _, boxes in matches])
    chosen = positive | negative
    wanted = PROPOSAL_CODER.encode_single(nearest[positive], anchors.expand_as(nearest)[positive])
    objectness = functional.binary_cross_entropy_with_logits(
        logits[chosen], positive[chosen].to(logits), reduction="sum"
    )
    count = ANCHORS_PER_IMAGE * len(truth)
    return {
        "loss_objectness": objectness / count,
        "loss_rpn_box_reg": functional.l1_loss(deltas[positive], wanted, reduction="sum") / count,
    }


@torch.no_grad()
def match_anchors(anchors: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the labels ``(A,)`` of ``anchors`` and the true box ``(A, 4)`` of each.

    A label is 1 for an object, 0 for background, and −1 for neither, in the type of the anchors. ``truth`` is
    ``(T, 4)``.
    """
    if not len(truth):
        return anchors.new_zeros(len(anchors)), torch.zeros_like(anchors)
    index = _matcher(box_iou(truth, anchors))
    labels = (index >= 0).to(anchors)
    labels[index == Matcher.BETWEEN_THRESHOLDS] = -1
    return labels, truth[index.clamp(min=0)]
