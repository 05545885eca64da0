"""Resizing of images to the size at which a network sees them: one function for training and prediction.

All networks get bilinear interpolation with antialiasing. Without it, shrinking reads few of the pixels, and fine
texture turns into patterns that the photo does not have.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torchvision.transforms.v2 import functional

from maskwright.images.resize import InputSize, ResizingRule

LARGEST_SHRINKING = 8


def resize_antialiased(image: torch.Tensor, size: Sequence[int], rule: ResizingRule = "nearest") -> torch.Tensor:
    """Return ``image`` ``(3, H, W)`` at ``size`` ``(H, W)``, bilinear with antialiasing; uint8, or float in 0..1.

    With ``rule`` ``detectron2`` an image is uint8, and Pillow interpolates it as there. torchvision, which interpolates
    all others, is several times faster; in uint8 its pixels differ from Pillow's by at most 2.
    """
    if tuple(image.shape[1:]) == tuple(size):
        return image
    if rule != "detectron2":
        return functional.resize(image, list(size), antialias=True)
    pixels = Image.fromarray(np.ascontiguousarray(image.permute(1, 2, 0).numpy()))
    resized = pixels.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(resized)).permute(2, 0, 1)


def to_network_input(image: npt.NDArray[np.uint8], input_size: InputSize, device: torch.device) -> torch.Tensor:
    """Return ``image`` ``(H, W, 3)`` uint8 RGB on ``device`` as a network sees it: ``(3, h, w)`` float32 in 0..1.

    It has the pixels of :func:`resize_antialiased`. Networks of torchvision get them unrounded, as torchvision computes
    them, so that published weights give torchvision's own results; those of training are whole grey levels, which
    differ by less than one.
    """
    pixels = torch.from_numpy(image).permute(2, 0, 1)
    size = input_size.of((image.shape[0], image.shape[1]))
    if input_size.rule == "torchvision":
        return resize_antialiased(pixels.to(_place(device, image, size)).float() / 255, size).to(device)
    return resize_antialiased(pixels, size, input_size.rule).to(device).float() / 255


def _place(device: torch.device, image: npt.NDArray[np.uint8], size: tuple[int, int]) -> torch.device:
    """Return where to resize ``image``: on a GPU of CUDA, unless it shrinks more than its kernel has memory for."""
    shrinks = max(old / new for old, new in zip(image.shape, size, strict=False))
    return device if device.type == "cuda" and shrinks <= LARGEST_SHRINKING else torch.device("cpu")
