"""The region proposal network of Detectron2: scores and boxes of anchors, ranked by their logits.

Ren et al. 2015 (arXiv:1506.01497).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional
from torchvision.ops import batched_nms

from maskwright.models.detectron2.anchors import ASPECT_RATIOS, SIZES, cell_anchors, grid_anchors
from maskwright.models.detectron2.boxes import PROPOSAL_CODER, clip, decode, nonempty
from maskwright.models.detectron2.pyramid import STRIDES
from maskwright.models.detectron2.rpn_losses import proposal_losses
from maskwright.models.full_precision import require_finite, to_float32

Size = tuple[int, int]


@dataclass(frozen=True)
class Limits:
    """How many proposals are kept: of each level before suppression, and of the image after it."""

    before: int
    after: int


@dataclass(frozen=True)
class Proposals:
    """The proposals of one image: boxes ``(N, 4)`` in pixels of the resized image, logits ``(N,)``, best first."""

    boxes: torch.Tensor
    logits: torch.Tensor


class ProposalHead(nn.Module):
    """A 3×3 convolution and, of every anchor, a logit and four deltas; the same for every level."""

    def __init__(self, channels: int, anchors: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.objectness_logits = nn.Conv2d(channels, anchors, 1)
        self.anchor_deltas = nn.Conv2d(channels, 4 * anchors, 1)
        for layer in (self.conv, self.objectness_logits, self.anchor_deltas):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """``(B, C, H, W)`` to logits ``(B, H · W · A)`` and deltas ``(B, H · W · A, 4)``, in the order of anchors."""
        hidden = functional.relu(self.conv(features))
        logits, deltas = to_float32(self.objectness_logits(hidden)), to_float32(self.anchor_deltas(hidden))
        batch, _, height, width = logits.shape
        deltas = deltas.view(batch, -1, 4, height, width).permute(0, 3, 4, 1, 2).reshape(batch, -1, 4)
        return logits.permute(0, 2, 3, 1).reshape(batch, -1), deltas


class ProposalGenerator(nn.Module):
    """Proposals of a batch, and in training their losses."""

    def __init__(
        self,
        channels: int,
        *,
        training_limits: Limits = Limits(2000, 1000),
        limits: Limits = Limits(1000, 1000),
        overlap: float = 0.7,
        sizes: Sequence[float] = SIZES,
        ratios: Sequence[float] = ASPECT_RATIOS,
    ) -> None:
        super().__init__()
        self.rpn_head = ProposalHead(channels, len(ratios))
        self.training_limits, self.limits, self.overlap = training_limits, limits, overlap
        self.sizes, self.ratios = tuple(sizes), tuple(ratios)

    def forward(
        self, maps: Sequence[torch.Tensor], sizes: Sequence[Size], truth: Sequence[torch.Tensor] | None = None
    ) -> tuple[list[Proposals], dict[str, torch.Tensor]]:
        """Proposals of each image from ``maps`` p2 … p6, and the losses when the true boxes are given.

        ``sizes`` are the images' own ``(H, W)``, without padding; ``truth`` their boxes ``(N, 4)``. In prediction
        raises :class:`~maskwright.errors.NotFinite`.
        """
        anchors = self.anchors(maps)
        logits, deltas = zip(*(self.rpn_head(features) for features in maps), strict=True)
        losses = {}
        if not self.training:
            require_finite([*logits, *deltas])
        if truth is not None:
            losses = proposal_losses(torch.cat(anchors), torch.cat(logits, dim=1), torch.cat(deltas, dim=1), truth)
        with torch.no_grad():
            return [
                self._select(anchors, [a[i] for a in logits], [a[i] for a in deltas], size)
                for i, size in enumerate(sizes)
            ], losses

    def anchors(self, maps: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """The anchors ``(H · W · A, 4)`` of each level."""
        return [
            grid_anchors(
                cell_anchors(size, self.ratios).to(features.device), (features.shape[2], features.shape[3]), stride
            )
            for features, size, stride in zip(maps, self.sizes, STRIDES, strict=True)
        ]

    def _select(
        self,
        anchors: Sequence[torch.Tensor],
        logits: Sequence[torch.Tensor],
        deltas: Sequence[torch.Tensor],
        size: Size,
    ) -> Proposals:
        limits = self.training_limits if self.training else self.limits
        best, boxes, levels = [], [], []
        for level, (boxes_of_level, scores, changes) in enumerate(zip(anchors, logits, deltas, strict=True)):
            # By the logits: their sigmoid is 1.0 in float32 from 17 on, and equal scores would be in any order.
            top, chosen = scores.topk(min(limits.before, len(scores)))
            best.append(top)
            boxes.append(decode(PROPOSAL_CODER, changes[chosen], boxes_of_level[chosen])[:, 0])
            levels.append(torch.full_like(chosen, level))
        return suppress(torch.cat(boxes), torch.cat(best), torch.cat(levels), size, self.overlap, limits.after)


def suppress(
    boxes: torch.Tensor, logits: torch.Tensor, levels: torch.Tensor, size: Size, overlap: float, after: int
) -> Proposals:
    """At most ``after`` of the ``boxes`` ``(N, 4)``, clipped to ``size``; suppression is within each level.

    A box is dropped when clipping leaves it no width or height at all; there is no smallest size.
    """
    boxes = clip(boxes, size)
    real = nonempty(boxes) & boxes.isfinite().all(dim=1) & logits.isfinite()
    boxes, logits, levels = boxes[real], logits[real], levels[real]
    kept = batched_nms(boxes.float(), logits, levels, overlap)[:after]
    return Proposals(boxes[kept], logits[kept])
