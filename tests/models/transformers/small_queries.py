"""Small query models and invented batches for them."""

from typing import Any

import torch

from maskwright.models.catalogue import create_model

SMALL: dict[str, Any] = {
    "channels": 32, "attention_heads": 2, "pixel_layers": 1, "pixel_feedforward": 32, "decoder_layers": 2,
    "decoder_feedforward": 32, "queries": 7, "training_points": 64,
}  # fmt: skip
INSTANCE = SMALL | {"detections": 9}
CLASSES = 3
Target = dict[str, torch.Tensor]


def small_model(name: str = "mask2former_tiny", seed: int = 0, **options: Any) -> Any:
    """Return a small model of the catalogue with random weights, in training mode."""
    torch.manual_seed(seed)
    known = INSTANCE if name.count("_") == 1 else SMALL
    return create_model(name, CLASSES, known | options).train()


def images() -> list[torch.Tensor]:
    """Return three images of different sizes."""
    generator = torch.Generator().manual_seed(1)
    return [torch.rand(3, *size, generator=generator) for size in ((50, 70), (64, 40), (33, 64))]


def targets() -> list[Target]:
    """Return two objects, one object, and none."""
    corners = [[[5, 5, 30, 40], [20, 30, 45, 60]], [[10, 3, 60, 35]], []]
    made = []
    for image, boxes in zip(images(), corners, strict=True):
        masks = torch.zeros(len(boxes), *image.shape[1:], dtype=torch.uint8)
        for mask, (top, left, bottom, right) in zip(masks, boxes, strict=True):
            mask[top:bottom, left:right] = 1
        made.append({"labels": torch.arange(1, len(boxes) + 1), "masks": masks})
    return made


def label_maps() -> torch.Tensor:
    """Return label maps ``(2, 40, 56)`` of background, three classes and ignored pixels."""
    maps = torch.zeros(2, 40, 56, dtype=torch.int64)
    maps[0, 5:20, 5:30], maps[0, 22:39, 10:50] = 1, 3
    maps[0, :3] = 255
    return maps


EOMT: dict[str, Any] = {
    "width": 16, "depth": 3, "attention_heads": 2, "query_blocks": 2, "patch_size": 8, "upscalings": 1,
    "queries": 7, "training_points": 64, "image_size": 72,
}  # fmt: skip


def small_eomt(name: str = "eomt_tiny", seed: int = 0, **options: Any) -> Any:
    """Return a small EoMT of the catalogue with random weights, in training mode."""
    torch.manual_seed(seed)
    return create_model(name, CLASSES, EOMT | options).train()


RF_DETR: dict[str, Any] = {
    "backbone_width": 24, "backbone_layers": 4, "backbone_heads": 2, "patch_size": 8, "windows": 2, "channels": 32,
    "decoder_layers": 2, "decoder_feedforward": 32, "queries": 8, "groups": 3, "image_size": 64, "detections": 9,
}  # fmt: skip


def small_rf_detr(seed: int = 0, **options: Any) -> Any:
    """Return a small RF-DETR of the catalogue with random weights, in training mode."""
    torch.manual_seed(seed)
    return create_model("rf_detr_seg_tiny", CLASSES, RF_DETR | options).train()


def square_batch() -> tuple[list[torch.Tensor], list[Target]]:
    """Return three images of 64 × 64 pixels with two objects, one object, and none."""
    generator = torch.Generator().manual_seed(1)
    pictures = [torch.rand(3, 64, 64, generator=generator) for _ in range(3)]
    corners = [[[5, 5, 40, 30], [30, 20, 60, 45]], [[3, 10, 35, 60]], []]
    made = []
    for boxes in corners:
        masks = torch.zeros(len(boxes), 64, 64, dtype=torch.uint8)
        for mask, (left, top, right, bottom) in zip(masks, boxes, strict=True):
            mask[top:bottom, left:right] = 1
        labels, found = torch.arange(1, len(boxes) + 1), torch.tensor(boxes).float().reshape(-1, 4)
        made.append({"labels": labels, "masks": masks, "boxes": found})
    return pictures, made
