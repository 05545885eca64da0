"""PointRend's mask head: a coarse mask for each box, and a small network that predicts single points.

Kirillov et al. 2020 (arXiv:1912.08193). Parameter names are those of Detectron2's PointRend project.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from maskwright.models.full_precision import require_finite, to_float32
from maskwright.models.mask_targets import ForegroundProposals, mask_loss, of_class
from maskwright.models.point_rend.points import (
    box_features,
    masks_at,
    point_sample,
    regular_grid,
    subdivide,
    to_image_points,
    training_points,
)

PointLoss = Literal["cross_entropy", "smooth_l1"]
STRIDE = 4  # of p2, the only level it reads
POOLED_SIDE, COARSE_SIDE = 14, 7


class CoarseHead(nn.Module):
    """A head that predicts a mask of 7 × 7 logits for every class from 14 × 14 features of a box."""

    def __init__(self, channels: int, classes: int, features: int) -> None:
        super().__init__()
        self.classes = classes
        self.reduce_spatial_dim_conv = nn.Conv2d(channels, channels, 2, 2)
        self.fc1 = nn.Linear(channels * COARSE_SIDE**2, features)
        self.fc2 = nn.Linear(features, features)
        self.prediction = nn.Linear(features, classes * COARSE_SIDE**2)
        for layer in (self.reduce_spatial_dim_conv, self.fc1, self.fc2):
            nn.init.kaiming_uniform_(layer.weight, a=1)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        nn.init.normal_(self.prediction.weight, std=0.001)
        nn.init.zeros_(self.prediction.bias)

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """Return logits ``(N, K, 7, 7)``, float32 at least, from ``pooled`` features ``(N, C, 14, 14)``."""
        hidden = functional.relu(self.reduce_spatial_dim_conv(pooled)).flatten(1)
        hidden = functional.relu(self.fc2(functional.relu(self.fc1(hidden))))
        return to_float32(self.prediction(hidden)).view(-1, self.classes, COARSE_SIDE, COARSE_SIDE)


class PointHead(nn.Module):
    """A multilayer perceptron shared by all points; every layer reads the coarse logits again.

    ``depth`` hidden layers of ``width`` channels come before the predictor.
    """

    def __init__(self, channels: int, classes: int, width: int, depth: int = 3) -> None:
        super().__init__()
        for number in range(1, depth + 1):
            self.add_module(f"fc{number}", nn.Conv1d(channels + classes, width, 1))
            channels = width
        self.depth = depth
        self.predictor = nn.Conv1d(channels + classes, classes, 1)
        for number in range(1, depth + 1):
            nn.init.kaiming_normal_(self.get_submodule(f"fc{number}").weight, mode="fan_out", nonlinearity="relu")  # type: ignore[arg-type]
            nn.init.zeros_(self.get_submodule(f"fc{number}").bias)  # type: ignore[arg-type]
        nn.init.normal_(self.predictor.weight, std=0.001)
        nn.init.zeros_(self.predictor.bias)  # type: ignore[arg-type]

    def forward(self, fine: torch.Tensor, coarse: torch.Tensor) -> torch.Tensor:
        """Return the logits ``(N, K, P)`` of points, float32 at least.

        ``fine`` are their features ``(N, C, P)``, ``coarse`` their coarse logits ``(N, K, P)``.
        """
        hidden = torch.cat([fine, coarse], dim=1)
        for number in range(1, self.depth + 1):
            hidden = torch.cat([functional.relu(self.get_submodule(f"fc{number}")(hidden)), coarse], dim=1)
        return to_float32(self.predictor(hidden))


class PointRendHead(nn.Module):
    """The coarse and the point head, which together predict masks of 224 × 224.

    Masks double ``subdivision_steps`` times from 7 × 7, and ``subdivision_points`` of each grid are predicted by the
    point head. Training takes ``training_points`` points of a box, chosen from ``oversample`` times as many; the share
    ``importance`` of them lies where the mask is uncertain. ``channels`` are those of the pyramid.

    Raises ``ValueError`` for a ``point_loss`` that is not one of ``POINT_LOSSES``.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        *,
        coarse_features: int = 1024,
        point_features: int = 256,
        subdivision_steps: int = 5,
        subdivision_points: int = 28 * 28,
        training_points: int = 14 * 14,
        oversample: int = 3,
        importance: float = 0.75,
        point_loss: PointLoss = "cross_entropy",
    ) -> None:
        super().__init__()
        if point_loss not in POINT_LOSSES:
            raise ValueError(f"point_loss {point_loss!r}: expected one of {', '.join(POINT_LOSSES)}")
        self.coarse_head = CoarseHead(channels, classes, coarse_features)
        self.point_head = PointHead(channels, classes, point_features)
        self.steps, self.points = subdivision_steps, subdivision_points
        self.training_count, self.oversample, self.importance = training_points, oversample, importance
        self.point_loss: PointLoss = point_loss

    def predict(
        self, maps: Sequence[torch.Tensor], boxes: Sequence[torch.Tensor], classes: torch.Tensor
    ) -> torch.Tensor:
        """Return the mask probabilities ``(N, 1, 224, 224)`` of the boxes, each for its class.

        ``maps`` are those of the pyramid, of which only the first, p2 ``(B, C, H, W)``, is read. ``boxes`` holds
        ``(N, 4)`` of each image in pixels of the resized image, ``classes`` ``(N,)`` int64 0..K-1 of all boxes.

        Raises :class:`~maskwright.errors.NotFinite` when a logit is NaN or infinite.
        """
        coarse = self.coarse(maps[0], boxes)

        def logits_at(points: torch.Tensor) -> torch.Tensor:
            return of_class(self.logits_at(maps[0], boxes, coarse, points), classes)

        logits = subdivide(logits_at, classes.shape[0], COARSE_SIDE, self.steps, self.points, classes.device)
        require_finite([logits])
        return logits.sigmoid()

    def losses(self, maps: Sequence[torch.Tensor], regions: Sequence[ForegroundProposals]) -> dict[str, torch.Tensor]:
        """Return the scalars ``loss_mask`` of the coarse masks and ``loss_point`` of the points.

        ``maps`` are those of :meth:`predict`; ``regions`` has the foreground proposals of each image. Both losses are
        means; with no proposal they are 0.
        """
        boxes, classes = [region.boxes for region in regions], torch.cat([region.classes for region in regions])
        coarse = self.coarse(maps[0], boxes)
        points = training_points(of_class(coarse, classes), self.training_count, self.oversample, self.importance)
        found = of_class(self.logits_at(maps[0], boxes, coarse, points), classes)[:, 0]
        wanted = torch.cat(
            [truth_at(region, own) for region, own in zip(regions, points.split([len(b) for b in boxes]), strict=True)]
        )
        point = POINT_LOSSES[self.point_loss](found, wanted) if len(found) else found.sum() * 0
        return {"loss_mask": mask_loss(coarse, regions), "loss_point": point}

    def coarse(self, features: torch.Tensor, boxes: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the coarse logits ``(N, K, 7, 7)`` of the boxes of all images.

        ``features`` are p2 ``(B, C, H, W)``; ``boxes`` holds ``(N, 4)`` of each image.
        """
        count = sum(own.shape[0] for own in boxes)
        grid = regular_grid(POOLED_SIDE, features.device).expand(count, -1, -1)
        pooled = box_features(features, boxes, grid, STRIDE)
        return self.coarse_head(pooled.reshape(count, pooled.shape[1], POOLED_SIDE, POOLED_SIDE))

    def logits_at(
        self, features: torch.Tensor, boxes: Sequence[torch.Tensor], coarse: torch.Tensor, points: torch.Tensor
    ) -> torch.Tensor:
        """Return logits ``(N, K, P)`` at ``points`` ``(N, P, 2)``, which run from 0 to 1 across each box.

        ``coarse`` is the result of :meth:`coarse` for the same ``features`` and ``boxes``.
        """
        return self.point_head(box_features(features, boxes, points, STRIDE), point_sample(coarse, points))


def truth_at(region: ForegroundProposals, points: torch.Tensor) -> torch.Tensor:
    """Return the true masks at ``points`` ``(N, P, 2)`` of their boxes, ``(N, P)`` float.

    Values are bilinear, so between 0 and 1 at the edge of a mask.
    """
    return masks_at(region.masks, region.objects, to_image_points(region.boxes * region.to_masks, points))


def _smooth_l1(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the mean smooth L1 loss of the probabilities."""
    return functional.smooth_l1_loss(logits.sigmoid(), truth)


POINT_LOSSES = {"cross_entropy": functional.binary_cross_entropy_with_logits, "smooth_l1": _smooth_l1}
