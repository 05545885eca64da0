"""Random flips of whole batches on the device of the model, instead of image by image in the loading processes.

They move pixels and change none, so that a flipped sample has the bits that torchvision's flip gives it on the host.
Whether a sample is flipped depends on its seed alone, whatever the batch and the device.
"""

from typing import Any

import numpy as np
import torch

# Apart from the numbers that the other augmentation of a sample draws from its seed.
_STREAM = 11


class RandomFlips:
    """Flips of images and their targets with the probabilities ``horizontal`` and ``vertical`` of ``augment``."""

    def __init__(self, horizontal: float = 0.0, vertical: float = 0.0) -> None:
        self.horizontal, self.vertical = horizontal, vertical

    def drawn(self, seed: int) -> tuple[bool, bool]:
        """Return whether the sample of ``seed`` is flipped horizontally, and vertically."""
        across, down = np.random.default_rng([seed, _STREAM]).random(2).tolist()
        return across < self.horizontal, down < self.vertical

    def __call__(self, images: Any, targets: Any, seeds: torch.Tensor) -> tuple[Any, Any]:
        """Return ``images`` and ``targets``, each sample flipped as its seed in ``seeds`` ``(B,)`` int64 draws.

        Images are ``(B, 3, H, W)`` with label maps ``(B, H, W)`` as targets, or a list of ``(3, H, W)`` with a list of
        detection targets. ``seeds`` lie on the host, which does not wait for the device.
        """
        drawn = [self.drawn(seed) for seed in seeds.tolist()]
        if isinstance(images, torch.Tensor):
            rows = torch.tensor(drawn).to(images.device, non_blocking=True).unbind(dim=1)
            for axis, chosen, asked in zip((-1, -2), rows, (self.horizontal, self.vertical), strict=True):
                if asked:
                    images, targets = _flip_rows(images, chosen, axis), _flip_rows(targets, chosen, axis)
            return images, targets
        flipped = [flip_sample(*one) for one in zip(images, targets, drawn, strict=True)]
        return [image for image, _ in flipped], [target for _, target in flipped]


def flip_sample(
    image: torch.Tensor, target: dict[str, torch.Tensor], flips: tuple[bool, bool]
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return ``image`` ``(3, H, W)`` and its detection ``target``, flipped horizontally and vertically as asked."""
    axes = [axis for axis, asked in zip((-1, -2), flips, strict=True) if asked]
    if not axes:
        return image, target
    boxes = flip_boxes(target["boxes"], (image.shape[1], image.shape[2]), flips)
    return image.flip(axes), {**target, "boxes": boxes, "masks": target["masks"].flip(axes)}


def flip_boxes(boxes: torch.Tensor, size: tuple[int, int], flips: tuple[bool, bool]) -> torch.Tensor:
    """Return ``boxes`` ``(N, 4)`` xyxy in an image of ``size`` ``(H, W)``, flipped horizontally and vertically."""
    height, width = size
    left, top, right, bottom = boxes.unbind(dim=1)
    if flips[0]:
        left, right = width - right, width - left
    if flips[1]:
        top, bottom = height - bottom, height - top
    return torch.stack([left, top, right, bottom], dim=1)


def _flip_rows(maps: torch.Tensor, rows: torch.Tensor, axis: int) -> torch.Tensor:
    """Return ``maps`` ``(B, …)`` with those flipped along ``axis`` that ``rows`` ``(B,)`` marks."""
    return torch.where(rows.view(-1, *[1] * (maps.ndim - 1)), maps.flip(axis), maps)
