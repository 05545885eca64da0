"""Joint augmentation: image, masks and boxes change together, through torchvision's transforms v2.

Masks are never interpolated except by nearest; pixels that come from outside the image are ignored in label maps and
empty in instance masks.
"""

import math
from typing import Any

import torch
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from maskwright.images.resize import InputSize

# The mean colour of ImageNet: what normalisation turns into nearly zero.
_FILL = [124.0, 116.0, 104.0]


class RandomScale(v2.Transform):
    """Resize to the model's input size times a log-uniform factor.

    torchvision's own resize takes masks by floored nearest, which shifts them by up to half a pixel; nearest-exact
    keeps them on the image. ``antialias`` averages over what shrinks to a pixel, as torchvision's detectors do not
    where they resize at prediction.
    """

    def __init__(
        self, input_size: InputSize, scale: tuple[float, float] = (1.0, 1.0), *, antialias: bool = True
    ) -> None:
        super().__init__()
        self.input_size, self.antialias = input_size, antialias
        self.low, self.high = (math.log(value) for value in scale)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """The new ``(H, W)`` for these inputs."""
        old_height, old_width = functional.get_size(flat_inputs[0])
        factor = math.exp(self.low + (self.high - self.low) * float(torch.rand(())))
        height, width = self.input_size.of((old_height, old_width))
        return {"size": [max(1, round(height * factor)), max(1, round(width * factor))]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Resize one input to ``params["size"]``."""
        if isinstance(inpt, tv_tensors.Mask):
            return tv_tensors.Mask(resize_nearest(inpt, params["size"]))
        return functional.resize(inpt, params["size"], antialias=self.antialias)


def resize_nearest(mask: torch.Tensor, size: list[int]) -> torch.Tensor:
    """``mask`` ``(H, W)`` or ``(N, H, W)`` at ``size`` by the pixel whose centre is nearest."""
    rows, columns = (
        ((torch.arange(new) + 0.5) * (old / new)).floor().long().clamp(max=old - 1)
        for new, old in zip(size, mask.shape[-2:], strict=True)
    )
    return mask.as_subclass(torch.Tensor)[..., rows[:, None], columns]


def build_augmentation(
    *,
    mask_fill: int,
    input_size: InputSize | None,
    horizontal_flip: float = 0.0,
    vertical_flip: float = 0.0,
    rotation: float = 0.0,
    brightness: float = 0.0,
    contrast: float = 0.0,
    saturation: float = 0.0,
    hue: float = 0.0,
    scale: tuple[float, float] | None = None,
    crop: int | None = None,
) -> v2.Compose:
    """The transforms a recipe's ``augment`` section asks for, in the order scale, crop, flip, rotate, colour.

    Cutting before rotating spares turning pixels that are thrown away; turned-in corners get the fill.

    ``input_size`` None leaves the size to the model (detection). ``mask_fill`` is the label of pixels from outside.
    """
    fill: Any = {tv_tensors.Image: _FILL, tv_tensors.Mask: mask_fill, "others": 0}
    steps: list[v2.Transform] = []
    if input_size is not None:
        steps.append(RandomScale(input_size, scale or (1.0, 1.0)))
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
