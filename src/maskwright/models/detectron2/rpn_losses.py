"""What the region proposal network learns from: anchors matched to true boxes, 256 of them an image.

Ren et al. 2015 (arXiv:1506.01497), section 3.1.2; box loss L1 and its normaliser as in Detectron2.
"""

from collections.abc import Sequence

import torch
from torch.nn import functional
from torchvision.models.detection._utils import BalancedPositiveNegativeSampler, Matcher
from torchvision.ops import box_iou

from maskwright.models.detectron2.boxes import PROPOSAL_CODER

ANCHORS_PER_IMAGE, POSITIVE_SHARE = 256, 0.5
# Under 0.3 background, from 0.7 on an object, as is the best anchor of each object.
_matcher = Matcher(0.7, 0.3, allow_low_quality_matches=True)


def proposal_losses(
    anchors: torch.Tensor, logits: torch.Tensor, deltas: torch.Tensor, truth: Sequence[torch.Tensor]
) -> dict[str, torch.Tensor]:
    """``loss_objectness`` and ``loss_rpn_box_reg`` of a batch.

    ``anchors`` ``(A, 4)``, ``logits`` ``(B, A)``, ``deltas`` ``(B, A, 4)``, ``truth`` the boxes ``(N, 4)`` of
    each image.
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
    """Labels ``(A,)`` of ``anchors`` (1 object, 0 background, −1 neither) and the true box ``(A, 4)`` of each."""
    if not len(truth):
        return anchors.new_zeros(len(anchors)), torch.zeros_like(anchors)
    index = _matcher(box_iou(truth, anchors))
    labels = (index >= 0).to(anchors)
    labels[index == Matcher.BETWEEN_THRESHOLDS] = -1
    return labels, truth[index.clamp(min=0)]
