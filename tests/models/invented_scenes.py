"""Small synthetic images on which a detector overfits within seconds."""

import torch
from torch import nn
from torchvision.ops import box_iou

from maskwright.models.mask_rcnn import build_mask_rcnn
from maskwright.prediction.instance import paste_torchvision_mask

CLASSES, SIDE = 2, 64
Target = dict[str, torch.Tensor]
NARROW = {
    "backbone": "mobilenet_v3_small",
    "pyramid_channels": 16,
    "box_features": 32,
    "mask_channels": (16, 16),
    "short_side": SIDE,
    "longest": SIDE,
    "anchor_sizes": (12, 24, 36, 48, 64),
    "proposals_train": 100,
    "proposals_test": 50,
    "rois_per_image": 32,
}


def narrow(**options) -> nn.Module:
    """Return a detector small enough for tests, with the same random weights every time."""
    torch.manual_seed(0)
    return build_mask_rcnn(CLASSES, **(NARROW | options))


def scene() -> tuple[list[torch.Tensor], list[Target]]:
    """Return two images ``(3, 64, 64)``, each of a rectangle (class 1) and a disc (class 2), and their targets."""
    rows, columns = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    images, targets = [], []
    for (top, left), (row, column) in (((6, 8), (44, 42)), ((34, 4), (18, 44))):
        rectangle = (rows >= top) & (rows < top + 22) & (columns >= left) & (columns < left + 26)
        disc = (rows - row) ** 2 + (columns - column) ** 2 < 13**2
        image = torch.full((3, SIDE, SIDE), 0.2)
        image[0][rectangle], image[2][disc] = 0.9, 0.9
        masks = torch.stack([rectangle, disc]).to(torch.uint8)
        boxes = torch.tensor([[left, top, left + 26, top + 22], [column - 12, row - 12, column + 13, row + 13]])
        images.append(image)
        targets.append({"boxes": boxes.float(), "labels": torch.tensor([1, 2]), "masks": masks})
    return images, targets


def empty_target() -> Target:
    """Return the target of an image without an object."""
    return {
        "boxes": torch.zeros(0, 4),
        "labels": torch.zeros(0, dtype=torch.int64),
        "masks": torch.zeros(0, SIDE, SIDE, dtype=torch.uint8),
    }


def learnt(model: nn.Module, steps: int) -> list[float]:
    """Train ``model`` on the scene until it overfits; return the loss of each step."""
    images, targets = scene()
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3)
    totals = []
    torch.manual_seed(1)
    model.train()
    for _ in range(steps):
        total = sum(model(images, [dict(target) for target in targets]).values())
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        totals.append(total.item())
    return totals


def fits(model: nn.Module) -> list[float]:
    """Return for each true object the mask IoU of the best detection of its class with a box IoU above ½."""
    from hotcoco import mask as coco_mask

    images, targets = scene()
    ious = []
    with torch.inference_mode():
        for found, target in zip(model.eval()(images), targets, strict=True):
            for box, label, mask in zip(target["boxes"], target["labels"], target["masks"], strict=True):
                near = (box_iou(found["boxes"], box[None])[:, 0] > 0.5) & (found["labels"] == label)
                if not near.any():
                    ious.append(0.0)
                    continue
                first = int(near.nonzero()[0])
                paste = getattr(model, "paste", paste_torchvision_mask)
                rle = paste(found["masks"][first, 0], found["boxes"][first], (SIDE, SIDE))
                drawn = torch.from_numpy(coco_mask.decode(rle)) > 0
                ious.append(float((drawn & (mask > 0)).sum() / (drawn | (mask > 0)).sum()))
    return ious
