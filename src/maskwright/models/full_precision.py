"""Float32 outputs of detectors in mixed precision: boxes and scores need more digits than half types have.

bfloat16 has 8 significant bits: between 512 and 1024 pixels it represents every fourth position only.
"""

from collections.abc import Iterable

import torch
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.rpn import RPNHead

from maskwright.errors import NotFinite


def to_float32(tensor: torch.Tensor) -> torch.Tensor:
    """Return a ``tensor`` of a half type as float32; float32 and float64 stay as they are."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def require_finite(answers: Iterable[torch.Tensor]) -> None:
    """Raise :class:`NotFinite` when one of ``answers`` holds NaN or infinity.

    Without this check every score threshold would drop such outputs, as if the image had no object.
    """
    if not all(bool(answer.isfinite().all()) for answer in answers):
        raise NotFinite("The model answers an image with NaN or infinity")


class FullAnchors(AnchorGenerator):
    """torchvision's anchor generator with anchors in float32, whatever the type of the features is.

    As in torchvision, base anchors are rounded to whole pixels.
    """

    def set_cell_anchors(self, dtype: torch.dtype, device: torch.device) -> None:
        """Set the base anchors ``(A, 4)`` of every level, around the origin."""
        super().set_cell_anchors(torch.promote_types(dtype, torch.float32), device)


class FullRPNHead(RPNHead):
    """torchvision's head of the region proposal network with float32 outputs, which in prediction must be finite."""

    def forward(self, x: list[torch.Tensor]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Return for each level ``(B, C, H, W)`` the logits ``(B, A, H, W)`` and deltas ``(B, 4 A, H, W)``.

        A is the number of anchors of a position. Raises :class:`NotFinite` in prediction when one is NaN or infinite.
        """
        logits, deltas = ([to_float32(level) for level in levels] for levels in super().forward(x))
        if not self.training:
            require_finite([*logits, *deltas])
        return logits, deltas
