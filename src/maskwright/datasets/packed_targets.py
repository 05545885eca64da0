"""The targets of a detection batch as they go to a GPU: in four tensors, with a bit for each pixel of a mask.

Dense masks are by far the largest part of a batch: twenty objects take seven times the bytes of their image. As bits
they take an eighth of that in the loading processes, in pinned memory and on the bus. On the device they become what
they were, and the targets of RoIs are computed there from them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch


class PackedTargets(NamedTuple):
    """The targets of a batch, with the objects of all images one after the other.

    ``boxes`` is ``(N, 4)``, ``labels`` and ``area`` are ``(N,)``. ``masks`` are the bytes of :func:`pack_masks` of all
    images, in one row. ``counts`` has the number of objects of each image.
    """

    boxes: torch.Tensor
    labels: torch.Tensor
    area: torch.Tensor
    masks: torch.Tensor
    counts: Sequence[int]

    @staticmethod
    def of(targets: Sequence[dict[str, torch.Tensor]]) -> "PackedTargets":
        """Return the packed ``targets``, those of :func:`maskwright.datasets.instance.target_of` for each image."""
        boxes, labels, area = (torch.cat([target[key] for target in targets]) for key in ("boxes", "labels", "area"))
        masks = torch.cat([pack_masks(target["masks"]).flatten() for target in targets])
        return PackedTargets(boxes, labels, area, masks, [len(target["labels"]) for target in targets])

    def to_targets(self, sizes: Sequence[tuple[int, int]], device: torch.device | str) -> list[dict[str, torch.Tensor]]:
        """Return the target of each image on ``device``; ``sizes`` are the ``(H, W)`` of the images.

        The host does not wait for copies from pinned memory.
        """
        boxes, labels, area, masks = (value.to(device, non_blocking=True) for value in self[:4])
        counts = list(self.counts)
        shapes = [(count, height, -(-width // 8)) for count, (height, width) in zip(counts, sizes, strict=True)]
        packed = masks.split([count * height * row for count, height, row in shapes])
        return [
            {"boxes": b, "labels": one, "masks": unpack_masks(m.view(shape), width), "area": a}
            for b, one, a, m, shape, (_, width) in zip(
                boxes.split(counts), labels.split(counts), area.split(counts), packed, shapes, sizes, strict=True
            )
        ]


def pack_masks(masks: torch.Tensor) -> torch.Tensor:
    """Return ``masks`` ``(N, H, W)`` as ``(N, H, ⌈W / 8⌉)`` uint8: eight pixels a byte, the leftmost the lowest bit."""
    return torch.from_numpy(np.packbits(masks.numpy(), axis=-1, bitorder="little"))


def unpack_masks(packed: torch.Tensor, width: int) -> torch.Tensor:
    """Return the masks ``(N, H, width)`` uint8 of 0 and 1 that :func:`pack_masks` packed, on the device of ``packed``.

    The host does not wait for the device.
    """
    places = torch.arange(8, dtype=torch.uint8, device=packed.device)
    bits = (packed[..., None] >> places).bitwise_and_(1)
    return bits.flatten(-2)[..., :width].contiguous()
