"""Joint augmentation of an image, its masks and its boxes with torchvision's transforms v2.

Masks are only ever resampled by nearest neighbour. Pixels from outside the image are ignored in label maps and empty in
instance masks.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from maskwright.images.resize import InputSize

# The mean colour of ImageNet: what normalisation turns into nearly zero.
_FILL = [124.0, 116.0, 104.0]

Resize = Callable[[torch.Tensor, list[int]], torch.Tensor]
"""A function of an image ``(3, H, W)`` uint8 and a size ``[h, w]`` that returns the image at that size."""


class RandomScale(v2.Transform):
    """Resize to the model's input size times a random factor, drawn log-uniformly from ``scale``.

    Images are resized by ``resize``, the function that also resizes them for prediction, masks by
    :func:`resize_nearest`. torchvision's resize takes the floored nearest pixel, which shifts a mask by up to half a
    pixel against its image.
    """

    def __init__(self, input_size: InputSize, resize: Resize, scale: tuple[float, float] = (1.0, 1.0)) -> None:
        """Resize to ``input_size`` times a factor between the two values of ``scale``."""
        super().__init__()
        self.input_size, self.resize = input_size, resize
        self.low, self.high = (math.log(value) for value in scale)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw the new size ``[H, W]`` in pixels for ``flat_inputs``, which share one size."""
        old_height, old_width = functional.get_size(flat_inputs[0])
        factor = math.exp(self.low + (self.high - self.low) * float(torch.rand(())))
        height, width = self.input_size.of((old_height, old_width))
        return {"size": [max(1, round(height * factor)), max(1, round(width * factor))]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Resize one input, an image or a mask, to ``params["size"]``."""
        if isinstance(inpt, tv_tensors.Mask):
            return tv_tensors.Mask(resize_nearest(inpt, params["size"]))
        return tv_tensors.Image(self.resize(inpt.as_subclass(torch.Tensor), params["size"]))


def resize_nearest(mask: torch.Tensor, size: list[int]) -> torch.Tensor:
    """Return ``mask`` ``(H, W)`` or ``(N, H, W)`` at ``size`` ``[h, w]`` by the pixel whose centre is nearest."""
    rows, columns = (
        ((torch.arange(new) + 0.5) * (old / new)).floor().long().clamp(max=old - 1)
        for new, old in zip(size, mask.shape[-2:], strict=True)
    )
    return mask.as_subclass(torch.Tensor)[..., rows[:, None], columns]


def build_augmentation(
    *,
    mask_fill: int,
    resizing: RandomScale | None = None,
    horizontal_flip: float = 0.0,
    vertical_flip: float = 0.0,
    rotation: float = 0.0,
    brightness: float = 0.0,
    contrast: float = 0.0,
    saturation: float = 0.0,
    hue: float = 0.0,
    crop: int | None = None,
) -> v2.Compose:
    """Return the transforms of a recipe's ``augment`` section, in the order scale, crop, flip, rotation, colour.

    ``mask_fill`` is the label of pixels from outside the image; such image pixels get ImageNet's mean colour.
    ``resizing`` comes first; None is for images that are resized before. ``crop`` is the side of a
    square in pixels, ``rotation`` the largest angle in degrees either way, and the flips are probabilities. The other
    values are the strengths of torchvision's ``ColorJitter``. Cropping comes before rotating, so that fewer pixels are
    rotated.
    """
    fill: Any = {tv_tensors.Image: _FILL, tv_tensors.Mask: mask_fill, "others": 0}
    steps: list[v2.Transform] = []
    if resizing is not None:
        steps.append(resizing)
    if crop:
        steps.append(v2.RandomCrop(crop, pad_if_needed=True, fill=fill))
    if horizontal_flip:
        steps.append(v2.RandomHorizontalFlip(horizontal_flip))
    if vertical_flip:
        steps.append(v2.RandomVerticalFlip(vertical_flip))
    if rotation:
        steps.append(v2.RandomRotation(rotation, interpolation=v2.InterpolationMode.BILINEAR, fill=fill))  # type: ignore[arg-type]
    if brightness or contrast or saturation or hue:
        steps.append(v2.ColorJitter(brightness, contrast, saturation, hue))
    return v2.Compose(steps) if steps else v2.Compose([v2.Identity()])
