"""Inspection of image files: format, size, pixels, and whether they can be decoded.

Files are not trusted: the header is read first, and pixels are decoded only when their number is safe for memory.
"""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from maskwright.files import require_regular_file
from maskwright.image_formats import open_image
from maskwright.images.decode import read_image
from maskwright.images.exif import unreadable_exif
from maskwright.images.truncation import is_truncated
from maskwright.limits import INPUT_LIMITS

State = Literal["whole", "truncated", "unreadable", "not decoded"]

# At 4 bytes a pixel, a quarter of a gibibyte.
MOST_DECODED = INPUT_LIMITS["image-pixels"].default // 2

_CUT = "its end is missing"
_ORIENTATION = 0x0112
_BITS_PER_SAMPLE = 258
_BITS_OF_MODE = {"1": 1, "I": 32, "F": 32}

# Several threads inspect images. Together they hold one large image in memory.
_LARGE = 16_000_000
_one_large_at_a_time = threading.Lock()


@dataclass(frozen=True)
class ImageFile:
    """The properties of an image file; where its header cannot be read, ``format`` is empty and ``size`` None.

    ``size`` is ``(H, W)`` as stored, before the EXIF ``orientation`` (1 to 8, 1 is upright) is applied. ``mode`` is
    Pillow's (``RGB``, ``L``, ``P`` …), ``bits`` the bits per channel. ``state`` is ``whole`` when every pixel was
    decoded, and ``not decoded`` when there are too many to try. In every other state than ``whole``, ``reason`` says
    why. ``exif_fault`` says why the EXIF block cannot be read; it is empty where it can or where there is none.
    """

    path: Path
    state: State
    reason: str = ""
    format: str = ""
    size: tuple[int, int] | None = None
    mode: str = ""
    bits: int = 8
    orientation: int = 1
    alpha: bool = False
    animated: bool = False
    exif_fault: str = ""

    @property
    def pixels(self) -> int:
        """The number of pixels, H × W; 0 when the header cannot be read."""
        return self.size[0] * self.size[1] if self.size else 0

    @property
    def shown_size(self) -> tuple[int, int] | None:
        """``(H, W)`` after the EXIF orientation, as viewers show it; orientations 5 to 8 swap the sides."""
        if self.size is None or self.orientation < 5:
            return self.size
        return self.size[1], self.size[0]

    @property
    def gray(self) -> bool:
        """Whether the image has one channel of brightness instead of colours."""
        return self.mode in ("1", "L", "LA", "La", "I", "F") or self.mode.startswith("I;")

    @property
    def palette(self) -> bool:
        """Whether pixels are indices of a colour palette."""
        return self.mode in ("P", "PA")

    @property
    def cmyk(self) -> bool:
        """Whether the colours are CMYK."""
        return self.mode == "CMYK"

    @property
    def deep(self) -> bool:
        """Whether a channel has more than 8 bits."""
        return self.bits > 8


def inspect(path: Path, most_decoded: int = MOST_DECODED) -> ImageFile:
    """Return the properties of the image file at ``path``; faults are in the result, and nothing is raised.

    Every pixel is decoded, unless there are more than ``most_decoded``. JPEGs are decoded at an eighth of their size,
    which reads the whole file and takes a sixty-fourth of the memory. Damage inside a JPEG is not found, because its
    decoders do not report it.
    """
    cut = False
    try:
        cut = is_truncated(require_regular_file(path))
        if path.stat().st_size == 0:
            return ImageFile(path, "unreadable", "it is empty (0 bytes)")
        with open_image(path, any_size=True) as image:
            return _described(path, image, cut, most_decoded)
    except Exception as error:  # readers raise whatever a damaged field of a file leads them to
        return ImageFile(path, "truncated" if cut else "unreadable", _CUT if cut else _message(error))


def _described(path: Path, image: Image.Image, cut: bool, most_decoded: int) -> ImageFile:
    # Read before decoding, which changes these fields.
    size, mode, bits, format = (image.height, image.width), image.mode, _bits(image), image.format or ""
    animated = getattr(image, "is_animated", False) and format != "MPO"
    orientation, damage = (1, "") if format in ("PNG", "TIFF") else _orientation(image)
    state, reason = ("truncated", _CUT) if cut else _decoded(path, image, most_decoded)
    # PNG stores the orientation after the pixels. In TIFF it describes storage, and readers have applied it already.
    if format == "PNG" and state == "whole":
        orientation, damage = _orientation(image)
    alpha = image.has_transparency_data
    return ImageFile(path, state, reason, format, size, mode, bits, orientation, alpha, animated, damage)


def _decoded(path: Path, image: Image.Image, most: int) -> tuple[State, str]:
    pixels = image.width * image.height
    if pixels > most:
        return "not decoded", f"it has {pixels} pixels; at most {most} are decoded"
    try:
        with one_large_at_a_time(pixels):
            if image.format == "WEBP":
                read_image(path)  # through OpenCV: Pillow would hold the pixels four times
                return "whole", ""
            image.draft(None, (max(1, image.width // 8), max(1, image.height // 8)))
            image.load()
    except Exception as error:  # see inspect
        return "truncated" if "truncated" in str(error) else "unreadable", _message(error)
    return "whole", ""


@contextmanager
def pillow_silenced() -> Iterator[None]:
    """Suppress Pillow's warnings in all threads; damaged files are reported by name instead."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


@contextmanager
def one_large_at_a_time(pixels: int) -> Iterator[None]:
    """Wait until no other large image is being decoded; images of up to 16 million ``pixels`` never wait."""
    if pixels <= _LARGE:
        yield
        return
    with _one_large_at_a_time:
        yield


def _bits(image: Image.Image) -> int:
    """Return the bits per channel as stored; Pillow decodes 16-bit colours to 8 bits, so the file's field decides."""
    if image.mode in _BITS_OF_MODE:
        return _BITS_OF_MODE[image.mode]
    if image.mode.startswith("I;"):
        return 16
    stored = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE)
    if stored:
        return max(stored)
    return 16 if any(";16" in str(tile[3]) for tile in getattr(image, "tile", ())) else 8


def _orientation(image: Image.Image) -> tuple[int, str]:
    """Return the EXIF orientation, and why the block cannot be read; viewers show such an image upright."""
    block = image.info.get("exif")
    damage = unreadable_exif(block) if isinstance(block, bytes) else ""
    if damage:
        return 1, damage
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except Exception as error:  # readers raise whatever a damaged field leads them to
        return 1, _message(error)
    return (found if found in range(1, 9) else 1), ""


def _message(error: Exception) -> str:
    return str(error) or type(error).__name__
