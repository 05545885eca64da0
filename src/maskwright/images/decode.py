"""Image decoding: RGB uint8, in the pixel orientation that annotations refer to, from files of the folder only."""

import io
import os
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.errors import DataError
from maskwright.image_formats import open_image
from maskwright.images.truncation import is_truncated_content
from maskwright.limits import beyond_limit, input_limit

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")


def image_path(folder: Path, file_name: str, *, follow_links: bool = True) -> Path:
    """Return the path of ``file_name`` in ``folder``.

    Links in the folder are the user's own and may lead out of it, as on clusters and with DVC; names are not, because
    they come from the annotation file.

    Raises ``DataError`` when the name leads out of the folder (absolute, or by ``..``), when no file can have it, and
    when a link leads out to something that is no regular file; without ``follow_links`` when any link leads out.
    """
    path = folder / file_name
    try:
        real = path.resolve()
        inside = real.is_relative_to(folder.resolve())
        irregular = not inside and real.exists() and not real.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle, characters no file can bear
        raise DataError(f"Image {file_name!a} in {folder}: {error}; expected a name that a file can have.") from error
    if Path(file_name).anchor or not (inside or (follow_links and ".." not in Path(file_name).parts)):
        raise DataError(f"Image '{file_name}' lies outside {folder}; expected a name inside the images folder.")
    if irregular:
        raise DataError(f"Image '{file_name}' in {folder} leads to {real}; expected a link to a regular file.")
    return path


def read_image(path: Path) -> npt.NDArray[np.uint8]:
    """Return the image ``(H, W, 3)`` uint8 RGB at ``path``; grey, palette, alpha and 16-bit files are converted.

    EXIF orientation is not applied: COCO's sizes and masks refer to the stored pixels. In TIFF the orientation
    describes how pixels are stored; every reader applies it, and so does this one.

    Raises ``DataError`` when the file is missing, is not an image, ends before its last pixel, or has more pixels than
    the limit ``image-pixels``, which is asked before any is decoded.
    """
    return decode_image(image_content(path), str(path))


def decode_image(content: bytes, source: str) -> npt.NDArray[np.uint8]:
    """Return the image ``(H, W, 3)`` uint8 RGB whose file has the ``content``, as :func:`read_image` does.

    ``source`` is what errors call it. Raises ``DataError`` as there.
    """
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    if is_truncated_content(content):  # OpenCV 4 would fill what is missing with grey
        raise DataError(
            f"{source}: cannot be decoded as an image; its end is missing after {len(content)} bytes. "
            "Download or export it again."
        )
    try:
        with open_image(io.BytesIO(content)) as image:
            try:
                decoded = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
            except cv2.error:  # more pixels than OpenCV reads
                decoded = None
            if decoded is not None:
                return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB, decoded), np.uint8)
            return np.array(image.convert("RGB"))
    except Exception as error:  # Pillow raises whatever a damaged field leads it to
        raise DataError(f"{source}: cannot be decoded as an image ({error}).") from error


def image_content(path: Path) -> bytes:
    """Return the bytes of the image file ``path``, not decoded.

    Raises ``DataError`` when it is missing or no regular file, and when it has more bytes than the limit
    ``image-bytes``.
    """
    if not os.path.isfile(path):
        found = "it is no regular file" if os.path.exists(path) else "the image file does not exist"
        raise DataError(f"{path}: {found}; expected an image. Put it back, or correct its name.")
    size = path.stat().st_size
    if size > input_limit("image-bytes"):
        raise DataError(f"{path}: the image file has {size:,} bytes; {beyond_limit('image-bytes')}.")
    return path.read_bytes()


def image_size(source: Path | bytes, name: str = "an image") -> tuple[int, int]:
    """Return ``(H, W)`` of an image from its header; ``source`` is the path of a file, or the content of one.

    ``name`` is what errors call a content. Raises ``DataError`` when it is not an image, or has more pixels than the
    limit ``image-pixels``.
    """
    try:
        with open_image(source if isinstance(source, Path) else io.BytesIO(source)) as image:
            return image.height, image.width
    except Exception as error:  # as in read_image
        raise DataError(
            f"{source if isinstance(source, Path) else name}: cannot be read as an image ({error})."
        ) from error


def find_images(source: Path) -> list[Path]:
    """Return the image files of ``source`` by name: one file, a folder (without its subfolders) or a glob.

    Files count as images by their suffix, see ``IMAGE_SUFFIXES``; a file that is named itself counts whatever its
    suffix.
    """
    if source.is_file():
        return [source]
    if source.is_dir():
        return sorted(path for path in source.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    if any(character in source.name for character in "*?["):
        return sorted(path for path in source.parent.glob(source.name) if path.suffix.lower() in IMAGE_SUFFIXES)
    return []
