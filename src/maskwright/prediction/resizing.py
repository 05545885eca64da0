"""Resizing of images to the size at which a network sees them: one function for training and prediction.

All networks get bilinear interpolation with antialiasing. Without it, shrinking reads few of the pixels, and fine
texture turns into patterns that the photo does not have.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch.nn.functional import interpolate
from torchvision.transforms.v2 import functional

from maskwright.errors import DataError
from maskwright.images.resize import InputSize, ResizingRule
from maskwright.limits import beyond_limit, input_limit

LARGEST_SHRINKING = 8

# Numbers of more than this are computed in parts: as float32 they take 256 MiB.
_MANY_VALUES = 1 << 26
# Of a band of it, of which several are in memory.
_BAND_VALUES = 1 << 20


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
    require_predictable((image.shape[0], image.shape[1]), input_size)
    if input_size.rule == "torchvision":
        place = _place(device, image, size)
        # Channel by channel, because all at once take twelve bytes for each pixel of a large image.
        parts = pixels.split(1) if pixels.numel() > _MANY_VALUES else (pixels,)
        return torch.cat([resize_antialiased(part.to(place).float() / 255, size) for part in parts]).to(device)
    return resize_antialiased(pixels, size, input_size.rule).to(device).float() / 255


def require_predictable(size: tuple[int, int], input_size: InputSize, window: int | None = None) -> None:
    """Raise ``DataError`` when an image of ``size`` ``(H, W)``, or what a network would see of it, is too large.

    The limit is ``predicted-pixels``. With a ``window`` the network sees squares of that side. A narrow image is small,
    but its short side may be resized to hundreds of pixels.
    """
    height, width = size
    seen = input_size.of(size if window is None else (min(height, window), min(width, window)))
    for (height, width), what in ((size, "it has"), (seen, "the model would see it at")):
        if height * width > input_limit("predicted-pixels"):
            raise DataError(
                f"{what} {width}×{height} pixels; {beyond_limit('predicted-pixels')}, or cut it into tiles."
            )


def resized_bands(values: torch.Tensor, size: tuple[int, int]) -> Iterator[tuple[slice, torch.Tensor]]:
    """Yield bands of rows, from the top, of ``values`` ``(C, h, w)`` resized to ``size`` ``(H, W)`` bilinearly.

    A small result is one band, as torch's ``interpolate`` computes it. Of a large one, bands are equal to it within
    rounding, and one is in memory at a time.
    """
    channels, (height, width) = len(values), size
    if channels * height * width <= _MANY_VALUES:
        yield slice(0, height), interpolate(values[None], size, mode="bilinear", align_corners=False)[0]
        return
    # The place of a row in the source, as interpolate has it: pixels are squares, and the first has its centre at ½.
    source = ((torch.arange(height, device=values.device) + 0.5) * (values.shape[1] / height) - 0.5).clamp(min=0)
    above = source.floor().long()
    below, share = (above + 1).clamp(max=values.shape[1] - 1), (source - above).to(values.dtype)[:, None]
    rows = max(1, _BAND_VALUES // (channels * width))
    for top in range(0, height, rows):
        band = slice(top, min(top + rows, height))
        first, last = int(above[band.start]), int(below[band.stop - 1])
        # Resized across only: the rows stay as they are.
        strip = values[:, first : last + 1]
        wide = interpolate(strip[None], (strip.shape[1], width), mode="bilinear", align_corners=False)[0]
        upper, lower = wide[:, above[band] - first], wide[:, below[band] - first]
        yield band, upper * (1 - share[band]) + lower * share[band]


def _place(device: torch.device, image: npt.NDArray[np.uint8], size: tuple[int, int]) -> torch.device:
    """Return where to resize ``image``: on a GPU of CUDA, unless it shrinks more than its kernel has memory for."""
    shrinks = max(old / new for old, new in zip(image.shape, size, strict=False))
    return device if device.type == "cuda" and shrinks <= LARGEST_SHRINKING else torch.device("cpu")
