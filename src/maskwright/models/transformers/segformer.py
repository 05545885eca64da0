"""SegFormer: a hierarchical transformer without positions, and a head of linear layers, for label maps.

Xie et al. 2021, "SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers"
(arXiv:2105.15203). The network is the library's.
"""

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from maskwright.models.semantic import SemanticModel
from maskwright.models.transformers.library import quiet_library

# The table of the paper's appendix: layers of the four stages, their features, and the features of the head.
SEGFORMERS: dict[str, tuple[tuple[int, ...], tuple[int, ...], int]] = {
    "b0": ((2, 2, 2, 2), (32, 64, 160, 256), 256),
    "b1": ((2, 2, 2, 2), (64, 128, 320, 512), 256),
    "b2": ((3, 4, 6, 3), (64, 128, 320, 512), 768),
    "b3": ((3, 4, 18, 3), (64, 128, 320, 512), 768),
    "b4": ((3, 8, 27, 3), (64, 128, 320, 512), 768),
    "b5": ((3, 6, 40, 3), (64, 128, 320, 512), 768),
}


class SegformerLogits(nn.Module):
    """The library's network, with logits as large as the image instead of a quarter of it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits ``(B, K+1, H, W)`` of normalised ``images`` ``(B, 3, H, W)``."""
        logits = self.network(pixel_values=images).logits
        return functional.interpolate(logits, images.shape[-2:], mode="bilinear", align_corners=False)


def build_segformer(classes: int, *, backbone: str, dropout: float = 0.1, drop_path_rate: float = 0.1) -> SemanticModel:
    """Build SegFormer for ``classes`` classes with random weights; background is one more output.

    ``backbone`` is a key of ``SEGFORMERS``. ``dropout`` is the rate at the classifier, ``drop_path_rate`` that at which
    layers of the encoder are skipped in training.

    Raises ``UsageError`` without the library, ``ValueError`` for values out of range.
    """
    for name, rate in {"dropout": dropout, "drop_path_rate": drop_path_rate}.items():
        if not 0 <= rate < 1:
            raise ValueError(f"{name} {rate}: expected 0 up to, but not, 1")
    depths, widths, head = SEGFORMERS[backbone]
    settings: dict[str, Any] = {"depths": list(depths), "hidden_sizes": list(widths), "decoder_hidden_size": head}
    with quiet_library("segformer") as library:
        config = library.SegformerConfig(
            num_labels=classes + 1, classifier_dropout_prob=dropout, drop_path_rate=drop_path_rate, **settings
        )
        return SemanticModel(SegformerLogits(library.SegformerForSemanticSegmentation(config)))
