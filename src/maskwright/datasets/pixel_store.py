"""A cache of decoded images and label maps for later epochs; reading them back is many times faster than decoding."""

import contextlib
import os
import struct
import tempfile
from collections.abc import Sequence
from multiprocessing import reduction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from zlib_ng import zlib_ng

# Labels of classes, or segment ids.
Labels = npt.NDArray[np.unsignedinteger]
Pixels = tuple[npt.NDArray[np.uint8], Labels]

# Checksum of the pixels, height, width, bytes of a label.
_HEADER = struct.Struct("<IIII")


def stored_bytes(size: tuple[int, int], label_bytes: int) -> int:
    """Return the bytes that an image of ``size`` ``(H, W)`` and its labels of ``label_bytes`` each take in a store."""
    height, width = size
    return _HEADER.size + height * width * (3 + label_bytes)


def affordable_bytes(folder: Path) -> int:
    """Return the most bytes for a store in ``folder``: a quarter of the memory or of the free disk space, if less.

    A store that fits into memory is read back without touching the disk.
    """
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    return min(free, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) // 4


class PixelStore:
    """An unnamed file in ``folder`` with room for each of the first images whose ``sizes`` in bytes add up to ``most``.

    What is written stays in the system's page cache, which gives the memory back when it is needed. Processes share the
    store when they get it as an argument at their start. Every entry has a checksum, so that an entry that is not
    written completely is not found. The file vanishes with the processes.

    The store is lossless and never raises. Where it cannot write (a full disk), images are decoded again.
    """

    def __init__(self, folder: Path, sizes: Sequence[int], most: int) -> None:
        """Make an empty store for images of ``sizes`` in bytes, see :func:`stored_bytes`.

        Raises ``OSError`` when no file can be made in ``folder``.
        """
        ends = np.cumsum(sizes, dtype=np.int64)
        self.places = np.concatenate([[0], ends[ends <= most]]).astype(np.int64)
        with tempfile.TemporaryFile(dir=folder) as file:
            self._descriptor = os.dup(file.fileno())

    def __len__(self) -> int:
        """Return the number of images that have room."""
        return len(self.places) - 1

    def get(self, index: int) -> Pixels | None:
        """Return image ``(H, W, 3)`` and labels ``(H, W)`` of number ``index``, or None while they are not stored."""
        if index >= len(self):
            return None
        start, end = self.places[index : index + 2].tolist()
        entry = np.empty(end - start, np.uint8)
        with contextlib.suppress(OSError):
            if os.preadv(self._descriptor, [entry.data], start) > _HEADER.size:
                return _unpacked(entry)
        return None

    def put(self, index: int, pixels: Pixels) -> None:
        """Store the ``pixels`` of number ``index`` if it has room for them."""
        if index >= len(self):
            return
        image, labels = np.ascontiguousarray(pixels[0]), np.ascontiguousarray(pixels[1])
        start, end = self.places[index : index + 2].tolist()
        if stored_bytes(labels.shape, labels.itemsize) > end - start:
            return
        header = _HEADER.pack(_checksum(image, labels), *labels.shape, labels.itemsize)
        with contextlib.suppress(OSError):
            os.pwritev(self._descriptor, [header, image.data, labels.data], start)

    def __getstate__(self) -> dict[str, Any]:
        return {"places": self.places, "descriptor": reduction.DupFd(self._descriptor)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.places, self._descriptor = state["places"], state["descriptor"].detach()

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)


def _checksum(image: npt.NDArray[np.uint8], labels: Labels) -> int:
    return zlib_ng.crc32(labels, zlib_ng.crc32(image))


def _unpacked(entry: npt.NDArray[np.uint8]) -> Pixels | None:
    """Return the arrays in ``entry`` ``(bytes,)`` without copying, or None where the entry is incomplete."""
    checksum, height, width, label_bytes = _HEADER.unpack_from(entry.data)
    if label_bytes not in (1, 2, 4) or stored_bytes((height, width), label_bytes) > len(entry):
        return None
    middle = _HEADER.size + 3 * height * width
    image = entry[_HEADER.size : middle].reshape(height, width, 3)
    labels = entry[middle : middle + height * width * label_bytes].view(f"u{label_bytes}").reshape(height, width)
    return (image, labels) if _checksum(image, labels) == checksum else None
