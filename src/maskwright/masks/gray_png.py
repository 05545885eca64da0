"""A fast reader of grey PNG files: zlib-ng inflates all rows at once, OpenCV undoes the row filters.

Inflating takes most of the time to read a mask or a label map. OpenCV ships an old zlib, and Pillow inflates row by
row, which is slow.
"""

import struct
from pathlib import Path
from typing import NamedTuple, cast

import cv2
import numpy as np
import numpy.typing as npt
from zlib_ng import zlib_ng

from maskwright.limits import input_limit
from maskwright.masks.buffers import Buffers
from maskwright.masks.png import read_label_map
from maskwright.structures import LabelMap

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER, _HEADER_END = b"\0\0\0\rIHDR", 33

_END = struct.pack(">I4sI", 0, b"IEND", 0xAE426082)

# OpenCV inflates a file so many times smaller than its rows faster than the rows can be stored for it.
_SMALL = 64

# Bytes that are inflated at once, and the most that a stored block holds.
_PIECE = 1 << 18
_BLOCK = 0xFFFF


class GrayRows(NamedTuple):
    """The rows of a grey PNG, inflated but still filtered.

    ``rows`` ``(H, 1 + W * depth / 8)`` uint8: the number of the row's filter and its bytes.
    """

    width: int
    depth: int
    rows: npt.NDArray[np.uint8]


def gray_rows(content: bytes, buffers: Buffers) -> GrayRows | None:
    """Return the rows of a grey 8- or 16-bit PNG without interlacing; None for other and for damaged files.

    The rows are valid until the next call with the same ``buffers``; fresh memory would cost more than inflating.
    """
    shape = _gray_shape(content)
    if shape is None:
        return None
    height, width, depth = shape
    rows = buffers.array("png rows", (height, 1 + width * depth // 8))
    return GrayRows(width, depth, rows) if _inflate(_image_data(content), rows.ravel()) else None


def read_gray_label_map(path: Path, buffers: Buffers | None = None) -> LabelMap:
    """Return the label map ``(H, W)`` in ``path``, as :func:`maskwright.masks.png.read_label_map` does.

    Raises the errors of that function.

    Chunks that say nothing of the labels are not looked into where the others are whole.

    OpenCV undoes the row filters: it gets the same PNG with its rows stored instead of deflated. A file that is very
    small for its number of pixels goes to OpenCV as it is. ``buffers`` are memory to reuse for the next file.
    """
    content = path.read_bytes() if path.is_file() else b""
    shape = _gray_shape(content)
    if shape is not None:
        plain = _plain(content, shape, buffers or Buffers())
        decoded = cv2.imdecode(plain, cv2.IMREAD_UNCHANGED) if plain is not None else None
        if decoded is not None and decoded.shape == shape[:2]:
            return cast(LabelMap, decoded)
    return read_label_map(path)


def _gray_shape(content: bytes) -> tuple[int, int, int] | None:
    """Return height, width and depth of a grey 8- or 16-bit PNG without interlacing; None for others and damaged files.

    The checksum of the pixels alone would not find damage in the header: 3 rows of 7 bytes are as many as 4 rows of 5,
    each with the number of its filter.
    """
    if content[:16] != _SIGNATURE + _HEADER or len(content) < _HEADER_END:
        return None
    width, height, depth, color, *methods = struct.unpack(">IIBBBBB", content[16:29])  # packing, filters, interlacing
    if depth not in (8, 16) or color or any(methods) or not 0 < width * height <= input_limit("image-pixels"):
        return None
    return (height, width, depth) if _is_whole(content) else None


def _plain(content: bytes, shape: tuple[int, int, int], buffers: Buffers) -> npt.NDArray[np.uint8] | None:
    """Return the PNG that OpenCV decodes fastest: the file itself, or one with stored rows; None for a damaged file."""
    height, width, depth = shape
    if len(content) * _SMALL < height * width * depth // 8:
        return np.frombuffer(content, np.uint8)
    found = gray_rows(content, buffers)
    return _stored(content[:_HEADER_END], found.rows.ravel(), buffers) if found is not None else None


def _is_whole(content: bytes) -> bool:
    """Return whether a PNG has all its chunks, each with the right checksum."""
    position, kind = len(_SIGNATURE), b""
    while position + 12 <= len(content) and kind != b"IEND":
        length, kind = struct.unpack(">I4s", content[position : position + 8])
        end = position + 8 + length
        if content[end : end + 4] != struct.pack(">I", zlib_ng.crc32(content[position + 4 : end])):
            return False
        position = end + 4
    return kind == b"IEND"


def _inflate(deflated: bytes, rows: npt.NDArray[np.uint8]) -> bool:
    """Fill ``rows`` with the inflated bytes; return whether they are undamaged and exactly as many."""
    stream, position = zlib_ng.decompressobj(), 0
    try:
        while not stream.eof:
            piece = np.frombuffer(bytes(stream.decompress(deflated, _PIECE)), np.uint8)
            if not piece.size or position + piece.size > rows.size:
                # A stream that holds more than the header says is damaged and is not inflated any further.
                return stream.eof and position == rows.size
            rows[position : position + piece.size] = piece
            position += piece.size
            deflated = stream.unconsumed_tail
    except zlib_ng.error:  # pyright: ignore[reportGeneralTypeIssues]
        return False
    return position == rows.size


def _stored(header: bytes, rows: npt.NDArray[np.uint8], buffers: Buffers) -> npt.NDArray[np.uint8]:
    """Return a PNG file with ``rows`` in stored, not deflated, blocks (RFC 1950 and RFC 1951, section 3.2.4)."""
    blocks = -(-rows.size // _BLOCK)
    size = 2 + 5 * blocks + rows.size + 4
    file = buffers.array("png file", (len(header) + 8 + size + 4 + len(_END),))
    writer = file.data
    start = len(header) + 8
    writer[:start] = header + struct.pack(">I4s", size, b"IDAT")
    writer[start : start + 2] = b"\x78\x01"
    position = start + 2
    for block in range(blocks):
        piece = rows[block * _BLOCK : (block + 1) * _BLOCK]
        writer[position : position + 5] = struct.pack("<BHH", block == blocks - 1, piece.size, ~piece.size & 0xFFFF)
        file[position + 5 : position + 5 + piece.size] = piece
        position += 5 + piece.size
    writer[position : position + 4] = struct.pack(">I", zlib_ng.adler32(rows.data))
    checksum = zlib_ng.crc32(writer[len(header) + 4 : position + 4])
    writer[position + 4 :] = struct.pack(">I", checksum) + _END
    return file


def _image_data(content: bytes) -> bytes:
    """Return the compressed pixels: the content of the IDAT chunks (PNG specification, section 11)."""
    parts, position = [], len(_SIGNATURE)
    while position + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[position : position + 8])
        if kind == b"IDAT":
            parts.append(content[position + 8 : position + 8 + length])
        position += 12 + length
    return b"".join(parts)
