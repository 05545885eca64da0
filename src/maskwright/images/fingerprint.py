"""Fingerprints of images: digests that find equal pixels, and perceptual hashes that find images that look the same.

A perceptual hash keeps the coarse pattern of brightness. It survives compression, scaling, small changes of brightness
and crops of a few per cent. Similar hashes make a candidate; the correlation of the thumbnails decides.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.errors import DataError
from maskwright.images.decode import image_size, read_image
from maskwright.images.inspection import MOST_DECODED, one_large_at_a_time

Thumbnail = npt.NDArray[np.uint8]

# Of 64 bits. Compressed, scaled and brightened copies of coco300's photos differ in up to 8, copies cut by 2 % at two
# sides in up to 12 (99 % in up to 10), different photos in 14 or more.
MOST_DIFFERENT_BITS = 10

# Of the thumbnails. 98 % of the copies cut by 2 % at two sides reach it, all others do; no two different photos do.
LEAST_CORRELATION = 0.93

# Grey levels (standard deviation). Images below it show almost nothing, such as clear sky, and look alike; the flattest
# photo of coco300 has 15.
FLAT = 8.0

_SIDE = 32


@dataclass(frozen=True)
class Fingerprint:
    """The digests, perceptual hash and thumbnail of an image.

    ``file`` and ``pixels`` are SHA-256 digests: of the file's bytes, and of the size and RGB pixels (None for an image
    with too many pixels to decode). ``hash`` is the 64-bit perceptual hash and ``thumbnail`` ``(16, 16)`` uint8 the
    grey levels that confirm it. Both are None for an image that is too large or nearly uniform; only its digests
    identify it.
    """

    file: bytes
    pixels: bytes | None
    hash: int | None
    thumbnail: Thumbnail | None

    @property
    def content(self) -> bytes:
        """A digest that is equal for images with equal pixels, whatever their file format."""
        return self.pixels or self.file


def fingerprint(path: Path) -> Fingerprint:
    """Return the fingerprint of the image at ``path``.

    Raises ``DataError`` when the file cannot be read or decoded.
    """
    height, width = image_size(path)
    try:
        file = hashlib.sha256(path.read_bytes()).digest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error}).") from error
    if height * width > MOST_DECODED:
        return Fingerprint(file, None, None, None)
    with one_large_at_a_time(height * width):
        image = read_image(path)
        pixels = hashlib.sha256(repr(image.shape).encode() + b"\0")
        pixels.update(image.data)
        gray = shrunk(image)
    if gray.std() < FLAT:
        return Fingerprint(file, pixels.digest(), None, None)
    return Fingerprint(file, pixels.digest(), perceptual_hash(gray), thumbnail(gray))


def shrunk(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the brightness of ``image`` ``(H, W, 3)`` averaged over a grid of ``(32, 32)`` fields, float32."""
    small = cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)


def perceptual_hash(gray: npt.NDArray[np.float32]) -> int:
    """Return 64 bits: whether each of the lowest frequencies of ``gray`` ``(32, 32)`` is above their median.

    The DCT hash of Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), section 3.2.1,
    with one change: the 64 frequencies after the mean in JPEG's zigzag order replace the block of 8 × 8, whose highest
    frequencies change first when an image is cropped.
    """
    frequencies = cv2.dct(gray)[_ROWS, _COLUMNS]
    bits = np.packbits(frequencies > np.median(frequencies))
    return int.from_bytes(bits.tobytes(), "big")


def thumbnail(gray: npt.NDArray[np.float32]) -> Thumbnail:
    """Return ``(16, 16)`` uint8 grey levels: the means of 2 × 2 fields of ``gray`` ``(32, 32)``."""
    return np.rint(gray.reshape(_SIDE // 2, 2, _SIDE // 2, 2).mean((1, 3))).astype(np.uint8)


def correlation(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return Pearson's correlation ``(N,)`` of the thumbnails ``a`` and ``b`` ``(N, 16, 16)``, pair by pair."""
    first, second = (each.reshape(len(each), (_SIDE // 2) ** 2).astype(np.float64) for each in (a, b))
    first -= first.mean(1, keepdims=True)
    second -= second.mean(1, keepdims=True)
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return (first * second).sum(1) / np.maximum(lengths, 1e-9)


def _zigzag(count: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return rows and columns of the ``count`` lowest frequencies after the mean, by row + column."""
    order = sorted((row + column, row, column) for row in range(_SIDE) for column in range(_SIDE))[1 : count + 1]
    _, rows, columns = np.array(order).T
    return rows, columns


_ROWS, _COLUMNS = _zigzag(64)
