"""Pictures as data URIs, so that a page needs no other file."""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

# Imported for its format, WebP: else Pillow imports all its formats to find it.
from PIL import WebPImagePlugin

from maskwright.errors import DataError
from maskwright.image_formats import open_image
from maskwright.images.decode import image_path, read_image
from maskwright.images.resize import resize_image
from maskwright.reports.kept_files import KeptFiles
from maskwright.version import __version__

WEBP_QUALITY = 75
WIDEST = 1600
# WebP takes no more.
TALLEST = 16383
_WEBP = str(WebPImagePlugin.WebPImageFile.format)
# By which the picture of one file could differ.
_SETTINGS = f"{__version__} {WEBP_QUALITY} {WIDEST} {TALLEST} ".encode()


class Picture(NamedTuple):
    """A picture of ``width`` × ``height`` pixels with its caption.

    ``uri`` is empty when the file could not be read; ``fault`` then says why. ``file`` is the name of the file,
    relative to the page, where that has more pixels, ``full_width`` × ``full_height``.
    """

    caption: str
    uri: str = ""
    width: int = 0
    height: int = 0
    fault: str = ""
    file: str = ""
    full_width: int = 0
    full_height: int = 0


def read_pictures(run: Path, records: Iterable[dict[str, Any]], kept: KeptFiles | None = None) -> list[Picture]:
    """Return the pictures that ``records`` name, ``{"file", "caption"}`` each.

    Files are relative to the folder ``run`` and must lie in it. A file that lies outside, is missing or is no picture
    gives a picture with a fault. A file that has not changed since ``kept`` has its picture is not encoded again.
    """
    kept = kept or KeptFiles()
    return [_picture(run, str(record.get("file", "")), str(record.get("caption") or ""), kept) for record in records]


def _picture(run: Path, name: str, caption: str, kept: KeptFiles) -> Picture:
    # The faults name the file as the list does: the full path would put the machine's folders into the page.
    try:
        path = image_path(run, name, follow_links=False)
    except (DataError, OSError, ValueError):
        return Picture(caption, fault=f"{name} lies outside the run folder and was not read.")
    try:
        file = kept.path("picture", _SETTINGS + path.read_bytes(), ".webp")
        known = None if file is None else _known(caption, path, file)
        if known is not None:
            return _linked(*known, name)
        image = read_image(path)
    except (DataError, OSError, ValueError):
        return Picture(caption, fault=f"{name} is missing or is not a picture.")
    shown = _reduced(image)
    content = _webp(shown, WEBP_QUALITY)
    kept.keep(file, content)
    return _linked(Picture(caption, _uri(content), shown.shape[1], shown.shape[0]), image.shape[:2], name)


def _known(caption: str, path: Path, file: Path) -> tuple[Picture, tuple[int, int]] | None:
    """Return the picture that is kept in ``file``, and height and width of the one in ``path``; None without one.

    A file of a run folder may be anybody's: what is no WebP picture is not taken.
    """
    try:
        with open_image(file, (_WEBP,)) as kept, open_image(path) as full:
            return Picture(caption, _uri(file.read_bytes()), kept.width, kept.height), (full.height, full.width)
    except (OSError, ValueError):
        return None


def _linked(shown: Picture, size: tuple[int, ...], name: str) -> Picture:
    """Return the picture with the file that it was made of, of ``size`` (height, width), where that has more pixels."""
    height, width = size
    return shown._replace(file=name, full_width=width, full_height=height) if width > shown.width else shown


def embedded(caption: str, image: npt.NDArray[np.uint8]) -> Picture:
    """Return ``image`` ``(H, W, 3)`` uint8 RGB as a WebP data URI, at most 1600 pixels wide and 16383 high.

    WebP takes about half the bytes of JPEG, so that a page of 300 images stays under 5 MB. The picture is encoded anew,
    so that no metadata of the file, such as a GPS position, is on the page.
    """
    shown = _reduced(image)
    return Picture(caption, _uri(_webp(shown, WEBP_QUALITY)), shown.shape[1], shown.shape[0])


def webp_uri(image: npt.NDArray[np.uint8], quality: int = 80) -> str:
    """Return ``image`` ``(H, W, 3)`` uint8 RGB as a WebP data URI, about half as long as that of a JPEG."""
    return _uri(_webp(image, quality))


def _reduced(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = image.shape[:2]
    scale = min(WIDEST / width, TALLEST / height)
    return image if scale >= 1 else resize_image(image, (max(1, int(height * scale)), max(1, round(width * scale))))


def _webp(image: npt.NDArray[np.uint8], quality: int) -> bytes:
    _, content = cv2.imencode(".webp", image[:, :, ::-1], [cv2.IMWRITE_WEBP_QUALITY, quality])
    return content.tobytes()


def _uri(webp: bytes) -> str:
    return "data:image/webp;base64," + base64.b64encode(webp).decode("ascii")
