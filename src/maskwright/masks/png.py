"""Label maps as PNG files: one channel of 8 bits (with colours for viewers) or 16 bits; the value is the label."""

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
from zlib_ng import zlib_ng

from maskwright.errors import DataError
from maskwright.files import write_bytes
from maskwright.image_formats import open_image
from maskwright.masks.bands import row_bands
from maskwright.masks.buffers import Buffers
from maskwright.structures import LabelMap

# Level 2 of zlib-ng: label maps are runs of equal bytes, which more effort packs hardly better.
_COMPRESSION = 2

# The PNG specification (W3C, third edition): signature 5.2, colour types 11.2.1, filter types 9.2.
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _INDEXED = 0, 3
_UP = 2


def write_label_map(path: Path, label_map: LabelMap, palette: npt.NDArray[np.uint8] | None = None) -> None:
    """Write ``label_map`` ``(H, W)`` uint8 or uint16 losslessly to ``path``, which appears whole or not at all.

    With a ``palette`` ``(256, 3)`` uint8, viewers show an 8-bit file in these colours; the stored values stay the
    labels.

    Raises ``DataError`` for an array of another shape or dtype, or without pixels.
    """
    write_bytes(path, encode_png(path, label_map, palette))


def encode_png(
    path: Path,
    label_map: LabelMap,
    palette: npt.NDArray[np.uint8] | None = None,
    buffers: Buffers | None = None,
) -> bytes:
    """Return the PNG file of ``label_map``, see :func:`write_label_map`; ``path`` names it in errors.

    OpenCV and Pillow encode the same several times slower. ``buffers`` are memory to reuse for the next map.
    """
    if label_map.ndim != 2 or not label_map.size or label_map.dtype not in (np.uint8, np.uint16):
        raise DataError(f"{path}: a label map {label_map.shape} {label_map.dtype} cannot be written as PNG.")
    height, width = label_map.shape
    colors = palette if label_map.dtype == np.uint8 else None
    header = struct.pack(
        ">IIBBBBB", width, height, 8 * label_map.itemsize, _GREY if colors is None else _INDEXED, 0, 0, 0
    )
    chunks = [
        (b"IHDR", header),
        *([] if colors is None else [(b"PLTE", colors.tobytes())]),
        (b"IDAT", _deflated(label_map, buffers or Buffers())),
        (b"IEND", b""),
    ]
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib_ng.crc32(kind + content))
        for kind, content in chunks
    )


def _deflated(label_map: LabelMap, buffers: Buffers) -> bytes:
    """Return the compressed rows; a large map takes the memory of a band of them."""
    deflater = zlib_ng.compressobj(_COMPRESSION)
    pieces = [deflater.compress(_rows(label_map, band, buffers)) for band in row_bands(label_map.shape)]
    return b"".join([*pieces, deflater.flush()])


def _rows(label_map: LabelMap, band: slice, buffers: Buffers) -> npt.NDArray[np.uint8]:
    """Return each row of a band as its difference from the row above (PNG filter Up).

    That makes most of a label map zero. Above the first row are zeros.
    """
    length = label_map.itemsize
    source = np.ascontiguousarray(label_map[max(band.start - 1, 0) : band.stop], f"<u{length}").view(np.uint8)
    rows = buffers.array("png rows", (band.stop - band.start, source.shape[1] + 1))
    rows[:, 0] = _UP
    for byte in range(length):
        # PNG has the high byte first, and takes differences byte by byte.
        values, differences = source[:, byte::length], rows[:, length - byte :: length]
        if not band.start:
            differences[0] = values[0]
        np.subtract(values[1:], values[:-1], out=differences[int(not band.start) :])
    return rows


def read_label_map(path: Path) -> LabelMap:
    """Return the label map ``(H, W)`` in ``path``: grey values of 8 or 16 bits, or palette indices.

    Raises ``DataError`` when the file is missing, no regular file or unreadable, has more pixels than the limit
    ``image-pixels``, has colour channels instead of labels, or values outside 16 bits.
    """
    try:
        with open_image(path) as image:
            image.verify()  # the checksums, which decoding alone does not look at
        with open_image(path) as image:
            mode, labels = image.mode, np.array(image)
    except Exception as error:  # what Pillow raises for a damaged file depends on where the damage is
        raise DataError(f"{path}: cannot be read as a label map ({error}); expected a one-channel PNG.") from error
    if labels.ndim != 2 or mode not in ("L", "P", "I;16", "I;16B", "I", "1"):
        raise DataError(f"{path}: has mode {mode}; expected one channel whose value is the label, not colours.")
    if labels.dtype not in (np.uint8, np.uint16):
        lowest, highest = int(labels.min(initial=0)), int(labels.max(initial=0))
        if lowest < 0 or highest > np.iinfo(np.uint16).max:
            raise DataError(f"{path}: has values from {lowest} to {highest}; expected labels of 8 or 16 bits.")
        labels = labels.astype(np.uint16 if highest > np.iinfo(np.uint8).max else np.uint8)
    return labels
