"""PointRend for semantic models: coarse logits, predicted anew where the two likeliest classes are close.

Kirillov et al. 2020 (arXiv:1912.08193), whose semantic models read the early features of stride 4 (ResNet's res2).
"""

import torch
from torch import nn
from torch.nn import functional

from maskwright.models.point_rend.head import PointHead
from maskwright.models.point_rend.points import LogitsAt, point_sample, refine, training_points

STRIDE = 4  # of the early features


class PointRendSegmenter(nn.Module):
    """A segmentation network of torchvision's parts with a point head that refines its logits.

    Parameter names are torchvision's. ``backbone`` gives ``out`` to the ``classifier``, ``aux`` to the ``auxiliary``
    head if there is one, and ``early``, with ``early_channels`` at stride 4, to the point head. ``outputs`` counts the
    channels of the logits, K+1.

    The coarse logits are doubled up to the size of the images; at each size the ``subdivision_points`` most uncertain
    pixels are predicted anew. Training takes ``training_points`` points of an image, chosen from ``oversample`` times
    as many; the share ``importance`` of them lies where the coarse logits are uncertain. The defaults are the paper's
    for Cityscapes.

    Raises ``ValueError`` for fewer than one point.
    """

    def __init__(
        self,
        backbone: nn.Module,
        classifier: nn.Module,
        auxiliary: nn.Module | None,
        early_channels: int,
        outputs: int,
        *,
        point_features: int = 256,
        subdivision_points: int = 8096,
        training_points: int = 2304,
        oversample: int = 3,
        importance: float = 0.75,
    ) -> None:
        super().__init__()
        for name, count in {"subdivision_points": subdivision_points, "training_points": training_points}.items():
            if count < 1:
                raise ValueError(f"{name} {count}: expected at least 1")
        self.backbone, self.classifier, self.aux_classifier = backbone, classifier, auxiliary
        self.point_head = PointHead(early_channels, outputs, point_features)
        self.points = subdivision_points
        self.training_count, self.oversample, self.importance = training_points, oversample, importance

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return ``out`` ``(B, K+1, H, W)``, and ``aux`` likewise, for normalised ``images`` ``(B, 3, H, W)``.

        In training ``out`` is the coarse prediction, and ``points`` ``(B, P, 2)``, from 0 to 1 across the image, and
        their ``point_logits`` ``(B, K+1, P)`` are added.
        """
        height, width = images.shape[-2:]
        maps = self.backbone(images)
        coarse, early = self.classifier(maps["out"]), maps["early"]
        # Cells of the last row and column may extend beyond the image; points must not be scaled over that part.
        reach = (width / early.shape[-1] / STRIDE, height / early.shape[-2] / STRIDE)

        def logits_at(points: torch.Tensor) -> torch.Tensor:
            within = torch.stack([points[..., 0] * reach[0], points[..., 1] * reach[1]], dim=-1)
            return self.point_head(point_sample(early, within), point_sample(coarse, points))

        if self.training:
            points = training_points(coarse, self.training_count, self.oversample, self.importance)
            output = {"out": _enlarged(coarse, height, width), "points": points, "point_logits": logits_at(points)}
        else:
            output = {"out": self._refined(coarse, height, width, logits_at)}
        if self.aux_classifier is not None:
            output["aux"] = _enlarged(self.aux_classifier(maps["aux"]), height, width)
        return output

    def _refined(self, logits: torch.Tensor, height: int, width: int, logits_at: LogitsAt) -> torch.Tensor:
        """Return the logits doubled and refined until they have the size of the image."""
        while logits.shape[-2:] != (height, width):
            rows, columns = logits.shape[-2:]
            logits = refine(logits, (min(2 * rows, height), min(2 * columns, width)), self.points, logits_at)
        return logits


def labels_at(labels: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Return the labels ``(B, P)`` of the pixels in which ``points`` lie.

    ``labels`` is ``(B, H, W)`` int64; ``points`` ``(B, P, 2)`` run from 0 to 1 across the image, x before y.
    """
    height, width = labels.shape[-2:]
    x = (points[..., 0] * width).long().clamp(max=width - 1)
    y = (points[..., 1] * height).long().clamp(max=height - 1)
    return labels.flatten(1).gather(1, y * width + x)


def _enlarged(logits: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Return ``logits`` bilinearly resized to ``(height, width)``."""
    return functional.interpolate(logits, (height, width), mode="bilinear", align_corners=False)
