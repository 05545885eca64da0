"""What leaves the layers of a detector: boxes and scores need more digits than the half types of mixed precision have.

bfloat16 has 8 significant bits: between 512 and 1024 pixels it knows every fourth position only.
"""

from collections.abc import Iterable

import torch
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.rpn import RPNHead

from maskwright.errors import NotFinite


def to_float32(tensor: torch.Tensor) -> torch.Tensor:
    """``tensor`` as float32 if it is of a half type, else as it is."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def require_finite(answers: Iterable[torch.Tensor]) -> None:
    """Raises :class:`NotFinite` for NaN or infinity, which every threshold drops as if nothing had been found."""
    if not all(bool(answer.isfinite().all()) for answer in answers):
        raise NotFinite("The model answers an image with NaN or infinity")


class FullAnchors(AnchorGenerator):
    """torchvision's anchors, in float32 whatever the features are."""

    def set_cell_anchors(self, dtype: torch.dtype, device: torch.device) -> None:
        """Those of every level, at the origin."""
        super().set_cell_anchors(torch.promote_types(dtype, torch.float32), device)


class FullRPNHead(RPNHead):
    """torchvision's head of the proposal network, whose answers are float32 and in prediction finite."""

    def forward(self, x: list[torch.Tensor]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Of each level ``(B, C, H, W)`` the logits ``(B, A, H, W)`` and deltas ``(B, 4 A, H, W)``.

        Raises :class:`NotFinite`.
        """
        logits, deltas = ([to_float32(level) for level in levels] for levels in super().forward(x))
        if not self.training:
            require_finite([*logits, *deltas])
        return logits, deltas
