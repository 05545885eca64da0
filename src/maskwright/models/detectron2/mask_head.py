"""The mask head of Detectron2: 28 × 28 mask logits for every class of every box.

He et al. 2017 (arXiv:1703.06870).
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from maskwright.models.detectron2.pooling import pool
from maskwright.models.full_precision import require_finite, to_float32
from maskwright.models.mask_targets import ForegroundProposals, mask_loss, of_class

POOLED_SIDE = 14


class MaskHead(nn.Module):
    """A mask head of 3 × 3 convolutions, a transposed convolution that doubles the side, and a 1 × 1 predictor.

    ``widths`` are those of the 3 × 3 convolutions. Parameter names are Detectron2's.
    """

    def __init__(self, channels: int, classes: int, widths: Sequence[int] = (256, 256, 256, 256)) -> None:
        super().__init__()
        for number, width in enumerate(widths, start=1):
            self.add_module(f"mask_fcn{number}", nn.Conv2d(channels, width, 3, padding=1))
            channels = width
        self.depth = len(widths)
        self.deconv = nn.ConvTranspose2d(channels, channels, 2, 2)
        self.predictor = nn.Conv2d(channels, classes, 1)
        for layer in self.children():
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        nn.init.normal_(self.predictor.weight, std=0.001)

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """Return logits ``(N, K, 28, 28)``, float32 at least, from ``pooled`` features ``(N, C, 14, 14)``."""
        for number in range(1, self.depth + 1):
            pooled = functional.relu(self.get_submodule(f"mask_fcn{number}")(pooled))
        return to_float32(self.predictor(functional.relu(self.deconv(pooled))))

    def predict(
        self, maps: Sequence[torch.Tensor], boxes: Sequence[torch.Tensor], classes: torch.Tensor
    ) -> torch.Tensor:
        """Return the mask probabilities ``(N, 1, 28, 28)`` of the boxes, each for its class.

        ``maps`` are p2 … p5 ``(B, C, H, W)``. ``boxes`` holds ``(N, 4)`` of each image in pixels of the resized image;
        ``classes`` ``(N,)`` int64 0..K-1 are those of all boxes.

        Raises :class:`~maskwright.errors.NotFinite` when a logit is NaN or infinite.
        """
        logits = of_class(self(pool(maps, boxes, POOLED_SIDE)), classes)
        require_finite([logits])
        return logits.sigmoid()

    def losses(self, maps: Sequence[torch.Tensor], regions: Sequence[ForegroundProposals]) -> dict[str, torch.Tensor]:
        """Return the scalar ``loss_mask`` over the foreground proposals of a batch.

        ``maps`` are those of :meth:`predict`; ``regions`` has the foreground proposals of each image.
        """
        logits = self(pool(maps, [region.boxes for region in regions], POOLED_SIDE))
        return {"loss_mask": mask_loss(logits, regions)}
