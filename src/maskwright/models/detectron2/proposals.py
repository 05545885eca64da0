"""The region proposal network of Detectron2: objectness and boxes of anchors, ranked by logits.

Ren et al. 2015 (arXiv:1506.01497).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional
from torchvision.models.detection._utils import _topk_min
from torchvision.ops import batched_nms

from maskwright.models.detectron2.anchors import ASPECT_RATIOS, SIZES, cell_anchors, grid_anchors
from maskwright.models.detectron2.boxes import PROPOSAL_CODER, clip, decode, nonempty
from maskwright.models.detectron2.pyramid import STRIDES
from maskwright.models.detectron2.rpn_losses import proposal_losses
from maskwright.models.full_precision import require_finite, to_float32

Size = tuple[int, int]


@dataclass(frozen=True)
class Limits:
    """The number of proposals that are kept: of each level before suppression, and of the image after it."""

    before: int
    after: int


@dataclass(frozen=True)
class Proposals:
    """The proposals of one image, best first.

    ``boxes`` is ``(N, 4)`` in pixels of the resized image, ``logits`` ``(N,)``.
    """

    boxes: torch.Tensor
    logits: torch.Tensor


class ProposalHead(nn.Module):
    """A 3 × 3 convolution and, for every anchor, a logit and four deltas; its weights are shared by all levels."""

    def __init__(self, channels: int, anchors: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.objectness_logits = nn.Conv2d(channels, anchors, 1)
        self.anchor_deltas = nn.Conv2d(channels, 4 * anchors, 1)
        for layer in (self.conv, self.objectness_logits, self.anchor_deltas):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits ``(B, H · W · A)`` and deltas ``(B, H · W · A, 4)`` of ``features`` ``(B, C, H, W)``.

        Both are float32 at least and in the order of :func:`~maskwright.models.detectron2.anchors.grid_anchors`.
        """
        hidden = functional.relu(self.conv(features))
        logits, deltas = to_float32(self.objectness_logits(hidden)), to_float32(self.anchor_deltas(hidden))
        batch, _, height, width = logits.shape
        deltas = deltas.view(batch, -1, 4, height, width).permute(0, 3, 4, 1, 2).reshape(batch, -1, 4)
        return logits.permute(0, 2, 3, 1).reshape(batch, -1), deltas


class ProposalGenerator(nn.Module):
    """A region proposal network: the proposals of a batch, and in training their losses.

    ``training_limits`` and ``limits`` are the numbers of proposals in training and prediction. ``overlap`` is the IoU
    above which the proposal of a level with the lower logit is dropped. ``sizes`` has one anchor size in pixels for
    each level, ``ratios`` the aspect ratios, height over width.
    """

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
        """Return the proposals of each image from ``maps`` p2 … p6, and the losses when the true boxes are given.

        ``sizes`` are ``(H, W)`` of the resized images without padding. ``truth`` holds the true boxes ``(T, 4)`` of
        each image. For the losses see :func:`~maskwright.models.detectron2.rpn_losses.proposal_losses`.

        Raises :class:`~maskwright.errors.NotFinite` in prediction when an output is NaN or infinite.
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
        """Return the anchors ``(H · W · A, 4)`` of each level of ``maps``."""
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
        """Return the proposals of one image from the outputs of each level."""
        limits = self.training_limits if self.training else self.limits
        best, boxes, levels = [], [], []
        for level, (boxes_of_level, scores, changes) in enumerate(zip(anchors, logits, deltas, strict=True)):
            # Rank by logits: their sigmoid is 1.0 in float32 from 17 on, and the order of equal scores is undefined.
            top, chosen = scores.topk(_topk_min(scores, limits.before, 0))
            best.append(top)
            boxes.append(decode(PROPOSAL_CODER, changes[chosen], boxes_of_level[chosen])[:, 0])
            levels.append(torch.full_like(chosen, level))
        return suppress(torch.cat(boxes), torch.cat(best), torch.cat(levels), size, self.overlap, limits.after)


def suppress(
    boxes: torch.Tensor, logits: torch.Tensor, levels: torch.Tensor, size: Size, overlap: float, after: int
) -> Proposals:
    """Return at most ``after`` of the ``boxes`` ``(N, 4)``, clipped to ``size`` ``(H, W)``, best first.

    ``logits`` is ``(N,)``, ``levels`` ``(N,)`` int64. Suppression is within each level: above the IoU ``overlap`` the
    box with the lower logit is dropped. A box without width or height after clipping is dropped, and so is one with NaN
    or infinity; there is no smallest size.
    """
    boxes = clip(boxes, size)
    real = nonempty(boxes) & boxes.isfinite().all(dim=1) & logits.isfinite()
    boxes, logits, levels = boxes[real], logits[real], levels[real]
    kept = batched_nms(boxes.float(), logits, levels, overlap)[:after]
    return Proposals(boxes[kept], logits[kept])
