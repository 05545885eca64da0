"""Reading images: always RGB uint8, in the pixel orientation that annotations refer to, never outside the folder."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from maskwright.errors import DataError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")


def image_path(folder: Path, file_name: str) -> Path:
    """The path of ``file_name`` inside ``folder``.

    Raises ``DataError`` when the name leads out of the folder (absolute, ``..``, or a link that leaves it).
    """
    path = folder / file_name
    if Path(file_name).is_absolute() or not path.resolve().is_relative_to(folder.resolve()):
        raise DataError(f"Image '{file_name}' lies outside {folder}; expected a name inside the images folder.")
    return path


def read_image(path: Path) -> npt.NDArray[np.uint8]:
    """The image ``(H, W, 3)`` RGB; grey, palette, alpha and 16-bit files are converted.

    EXIF orientation is not applied: COCO's sizes and masks refer to the stored pixels.

    Raises ``DataError`` when the file is missing or is not an image.
    """
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    content = np.fromfile(path, np.uint8) if path.is_file() else None
    if content is None:
        raise DataError(f"{path}: the image file does not exist.")
    try:
        decoded = cv2.imdecode(content, flags) if content.size else None
    except cv2.error:  # more pixels than OpenCV reads
        decoded = None
    if decoded is not None:
        return np.ascontiguousarray(decoded[:, :, ::-1]).astype(np.uint8, copy=False)
    try:
        with Image.open(path) as image:
            return np.array(image.convert("RGB"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: cannot be decoded as an image ({error}).") from error


def image_size(path: Path) -> tuple[int, int]:
    """``(H, W)`` from the header alone; ``DataError`` when the file is not an image."""
    try:
        with Image.open(path) as image:
            return image.height, image.width
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: cannot be read as an image ({error}).") from error


def find_images(source: Path) -> list[Path]:
    """The image files of a folder (not of its subfolders), a glob, or the one file named; sorted by name."""
    if source.is_file():
        return [source]
    if source.is_dir():
        return sorted(path for path in source.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    if any(character in source.name for character in "*?["):
        return sorted(path for path in source.parent.glob(source.name) if path.suffix.lower() in IMAGE_SUFFIXES)
    return []
