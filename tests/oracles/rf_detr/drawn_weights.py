"""Weights of RF-DETR-Seg that are drawn by their names, so that none need be stored, and an image for it."""

import math
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch

SIDE = 312
EVERY = 9  # the queries that are recorded
STEP = 11  # the pixels of a mask that are recorded


def drawn_state(shapes: Mapping[str, Sequence[int]]) -> dict[str, torch.Tensor]:
    """Return a tensor of each name and shape, the same on every machine."""
    return {name: torch.from_numpy(_drawn(name, tuple(shape))) for name, shape in shapes.items()}


def _drawn(name: str, shape: tuple[int, ...]) -> np.ndarray:
    values = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape, np.float32)
    if "norm" in name or ".bn." in name or "stages.0.1." in name or "lambda" in name:
        return values * np.float32(0.1) + np.float32(name.endswith(("weight", "lambda1")))
    if len(shape) < 2:
        return values * np.float32(0.1)
    return values * np.float32(1 / math.sqrt(math.prod(shape[1:])))


def drawn_image() -> torch.Tensor:
    """Return an RGB image ``(3, 312, 312)`` in 0..1."""
    values = np.random.default_rng(0).random((3, SIDE // 8, SIDE // 8), np.float32)
    return torch.from_numpy(values.repeat(8, 1).repeat(8, 2))
