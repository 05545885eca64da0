"""Pictures as data URIs, so that a page needs no other file."""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.errors import DataError
from maskwright.images.decode import image_path, read_image
from maskwright.images.resize import resize_image

WEBP_QUALITY = 75
WIDEST = 1600
# WebP takes no more.
TALLEST = 16383


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


def read_pictures(run: Path, records: Iterable[dict[str, Any]]) -> list[Picture]:
    """Return the pictures that ``records`` name, ``{"file", "caption"}`` each.

    Files are relative to the folder ``run`` and must lie in it. A file that lies outside, is missing or is no picture
    gives a picture with a fault.
    """
    return [_picture(run, str(record.get("file", "")), str(record.get("caption") or "")) for record in records]


def _picture(run: Path, name: str, caption: str) -> Picture:
    # The faults name the file as the list does: the full path would put the machine's folders into the page.
    try:
        path = image_path(run, name, follow_links=False)
    except (DataError, OSError, ValueError):
        return Picture(caption, fault=f"{name} lies outside the run folder and was not read.")
    try:
        image = read_image(path)
    except (DataError, OSError, ValueError):
        return Picture(caption, fault=f"{name} is missing or is not a picture.")
    shown, (height, width) = embedded(caption, image), image.shape[:2]
    return shown._replace(file=name, full_width=width, full_height=height) if width > shown.width else shown


def embedded(caption: str, image: npt.NDArray[np.uint8]) -> Picture:
    """Return ``image`` ``(H, W, 3)`` uint8 RGB as a WebP data URI, at most 1600 pixels wide and 16383 high.

    WebP takes about half the bytes of JPEG, so that a page of 300 images stays under 5 MB. The picture is encoded anew,
    so that no metadata of the file, such as a GPS position, is on the page.
    """
    height, width = image.shape[:2]
    scale = min(WIDEST / width, TALLEST / height)
    if scale < 1:
        image = resize_image(image, (max(1, int(height * scale)), max(1, round(width * scale))))
    _, webp = cv2.imencode(".webp", image[:, :, ::-1], [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY])
    uri = "data:image/webp;base64," + base64.b64encode(webp.tobytes()).decode("ascii")
    return Picture(caption, uri, image.shape[1], image.shape[0])


def webp_uri(image: npt.NDArray[np.uint8], quality: int = 80) -> str:
    """Return ``image`` ``(H, W, 3)`` uint8 RGB as a WebP data URI, about half as long as that of a JPEG."""
    _, content = cv2.imencode(".webp", image[:, :, ::-1], [cv2.IMWRITE_WEBP_QUALITY, quality])
    return "data:image/webp;base64," + base64.b64encode(content.tobytes()).decode("ascii")
