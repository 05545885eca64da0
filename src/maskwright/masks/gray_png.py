"""Grey PNG files read several times faster: inflated by zlib-ng at one go, the rest done by others.

Most of the time to read a mask or a label map goes into inflating it: OpenCV brings an old zlib, and Pillow inflates
row by row, which spoils the fast path of its own.
"""

import struct
from pathlib import Path
from typing import NamedTuple, cast

import cv2
import numpy as np
import numpy.typing as npt
from zlib_ng import zlib_ng

from maskwright.masks.buffers import Buffers
from maskwright.masks.png import read_label_map
from maskwright.structures import LabelMap

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = 33

_END = struct.pack(">I4sI", 0, b"IEND", 0xAE426082)

# As Pillow does, more are taken for a decompression bomb.
_MOST_PIXELS = 178_956_970

# A file so many times smaller than its rows is inflated faster by OpenCV than it is stored for it.
_SMALL = 64

# What is unpacked at once, and what a stored block holds at most.
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
    """The rows of a grey 8- or 16-bit PNG without interlacing; None for everything else, damaged files among it.

    They are valid until the next call with the same ``buffers``: fresh memory would cost more than inflating.
    """
    shape = _gray_shape(content)
    if shape is None:
        return None
    height, width, depth = shape
    rows = buffers.array("png rows", (height, 1 + width * depth // 8))
    return GrayRows(width, depth, rows) if _inflate(_image_data(content), rows.ravel()) else None


def read_gray_label_map(path: Path, buffers: Buffers | None = None) -> LabelMap:
    """The label map ``(H, W)`` in ``path``, like :func:`maskwright.masks.png.read_label_map` and with its errors.

    OpenCV undoes the filters: it is handed the same PNG with its rows stored instead of deflated, unless inflating is
    quick because so little is in the file. ``buffers`` are memory to use again for the next file.
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
    """Height, width and depth of a grey 8- or 16-bit PNG without interlacing; None for everything else."""
    if content[:8] != _SIGNATURE or len(content) < _HEADER_END:
        return None
    width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", content[16:29])
    if depth not in (8, 16) or color or interlaced or not 0 < width * height <= _MOST_PIXELS:
        return None
    return height, width, depth


def _plain(content: bytes, shape: tuple[int, int, int], buffers: Buffers) -> npt.NDArray[np.uint8] | None:
    """The PNG that OpenCV decodes fastest: the file itself, or one with its rows stored; None for a damaged file."""
    height, width, depth = shape
    if len(content) * _SMALL < height * width * depth // 8:
        return np.frombuffer(content, np.uint8) if _is_whole(content) else None
    found = gray_rows(content, buffers)
    return _stored(content[:_HEADER_END], found.rows.ravel(), buffers) if found is not None else None


def _is_whole(content: bytes) -> bool:
    """Whether every chunk of a PNG is there with its checksum, up to the last."""
    position, kind = len(_SIGNATURE), b""
    while position + 12 <= len(content) and kind != b"IEND":
        length, kind = struct.unpack(">I4s", content[position : position + 8])
        end = position + 8 + length
        if content[end : end + 4] != struct.pack(">I", zlib_ng.crc32(content[position + 4 : end])):
            return False
        position = end + 4
    return kind == b"IEND"


def _inflate(deflated: bytes, rows: npt.NDArray[np.uint8]) -> bool:
    """Fill ``rows`` with what ``deflated`` unpacks to; whether that is exactly as much and undamaged."""
    stream, position = zlib_ng.decompressobj(), 0
    try:
        while not stream.eof:
            piece = np.frombuffer(bytes(stream.decompress(deflated, _PIECE)), np.uint8)
            if not piece.size or position + piece.size > rows.size:
                # Whatever the stream would unpack to, it is never more than the header says.
                return stream.eof and position == rows.size
            rows[position : position + piece.size] = piece
            position += piece.size
            deflated = stream.unconsumed_tail
    except zlib_ng.error:  # pyright: ignore[reportGeneralTypeIssues]
        return False
    return position == rows.size


def _stored(header: bytes, rows: npt.NDArray[np.uint8], buffers: Buffers) -> npt.NDArray[np.uint8]:
    """A PNG file with ``rows`` in blocks that are stored, not deflated (RFC 1950 and RFC 1951, section 3.2.4)."""
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
    """The compressed pixels: the content of the IDAT chunks (PNG specification, section 11)."""
    parts, position = [], len(_SIGNATURE)
    while position + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[position : position + 8])
        if kind == b"IDAT":
            parts.append(content[position + 8 : position + 8 + length])
        position += 12 + length
    return b"".join(parts)
