"""Residual U-Net with self-attention in the bottleneck.

U-Net: Ronneberger et al. 2015 (arXiv:1505.04597). Residual blocks: He et al. 2015 (arXiv:1512.03385). Scaled
dot-product attention: Vaswani et al. 2017 (arXiv:1706.03762), here single-headed over the positions of the bottleneck.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional


class ResidualBlock(nn.Module):
    """Two 3 × 3 convolutions with BatchNorm and SiLU, and a shortcut (1 × 1 where the width changes).

    ``dropout`` is the share of channels that are dropped between the convolutions in training.
    """

    def __init__(self, inputs: int, outputs: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.SiLU(inplace=True),
            nn.Dropout2d(dropout) if dropout else nn.Identity(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return ``(B, outputs, H, W)`` from ``features`` ``(B, inputs, H, W)``."""
        return functional.silu(self.body(features) + self.shortcut(features))


class SelfAttention(nn.Module):
    """Single-headed self-attention over all positions: softmax(Q Kᵀ / √C) V, projected and added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, channels)
        self.query_key_value = nn.Conv2d(channels, 3 * channels, 1)
        self.projection = nn.Conv2d(channels, channels, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return ``features`` ``(B, C, H, W)`` with attention added, in the same shape."""
        batch, channels, height, width = features.shape
        positions = self.query_key_value(self.norm(features)).flatten(2).transpose(1, 2)
        query, key, value = positions.chunk(3, dim=2)
        attended = functional.scaled_dot_product_attention(query, key, value)
        attended = attended.transpose(1, 2).reshape(batch, channels, height, width)
        return features + self.projection(attended)


class ResidualAttentionUNet(nn.Module):
    """A U-Net with encoder levels of the given ``widths``, self-attention in the bottleneck, and skip connections.

    ``outputs`` counts the channels of the logits, ``bottleneck`` those of the bottleneck. ``dropout`` is the share of
    channels that each residual block drops in training. Raises ``ValueError`` when ``widths`` is empty.
    """

    def __init__(
        self,
        outputs: int,
        widths: Sequence[int] = (64, 128, 256, 512),
        bottleneck: int = 1024,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if not widths:
            raise ValueError("widths: expected at least one level, found none")
        inputs = [3, *widths[:-1]]
        self.encoder = nn.ModuleList(ResidualBlock(i, w, dropout) for i, w in zip(inputs, widths, strict=True))
        self.bottleneck = nn.Sequential(
            ResidualBlock(widths[-1], bottleneck, dropout),
            SelfAttention(bottleneck),
            ResidualBlock(bottleneck, bottleneck, dropout),
        )
        below = [*widths[1:], bottleneck]
        self.raise_ = nn.ModuleList(nn.ConvTranspose2d(b, w, 2, stride=2) for b, w in zip(below, widths, strict=True))
        self.decoder = nn.ModuleList(ResidualBlock(2 * w, w, dropout) for w in widths)
        self.head = nn.Conv2d(widths[0], outputs, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits ``(B, outputs, H, W)`` of ``images`` ``(B, 3, H, W)`` of any size.

        Images are padded with zeros on the right and below to multiples of 2^levels; the logits are cropped to H and W.
        """
        height, width = images.shape[-2:]
        step = 2 ** len(self.encoder)
        features = functional.pad(images, (0, -width % step, 0, -height % step))
        skips = []
        for block in self.encoder:
            features = block(features)
            skips.append(features)
            features = functional.max_pool2d(features, 2)
        features = self.bottleneck(features)
        for i in reversed(range(len(skips))):
            features = self.decoder[i](torch.cat([self.raise_[i](features), skips[i]], dim=1))
        return self.head(features)[..., :height, :width]
