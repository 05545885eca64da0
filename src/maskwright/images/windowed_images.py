"""Large images read window by window: PNG files row by row, TIFF files by their strips or tiles, never as a whole.

A piece of the file is given to the decoder as a small file of its own, so that every window has the pixels that the
whole image would have there.
"""

import struct
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from maskwright.errors import DataError
from maskwright.image_formats import open_image
from maskwright.limits import beyond_limit, input_limit

Pixels = npt.NDArray[np.uint8]
Window = tuple[slice, slice]

# Bytes of decoded pieces of a TIFF file that are kept, and of one piece of a file that may be read by windows.
_KEPT, _LARGEST_PIECE = 1 << 27, 1 << 27
_BAND = 64  # rows of a PNG file that are decoded together
_READ = 1 << 16

# The PNG specification (W3C, third edition): colour types 11.2.1. Channels and Pillow's mode of 8-bit images.
_PNG_MODES = {0: (1, "L"), 2: (3, "RGB"), 3: (1, "L"), 4: (2, "LA"), 6: (4, "RGBA")}
_PNG = b"\x89PNG\r\n\x1a\n"

# Tags of TIFF 6.0 by number. Those that say how a piece is decoded go into the file that holds it alone.
_WIDTH, _LENGTH, _BITS, _PHOTOMETRIC, _SAMPLES, _PLANAR = 256, 257, 258, 262, 277, 284
_STRIP_OFFSETS, _STRIP_ROWS, _STRIP_BYTES = 273, 278, 279
_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_BYTES = 322, 323, 324, 325
_DECODING = (_BITS, 259, _PHOTOMETRIC, 266, _SAMPLES, _PLANAR, 317, 320, 338, 339, 347, 530, 532)
_BYTES_TAG, _RATIONALS = 347, (532,)


class WindowedImage:
    """An image ``(H, W, 3)`` uint8 RGB of which windows are read: ``image[rows, columns]`` with two slices.

    ``shape`` is that of the array. Windows from the top to the bottom are read once; one above the last may be read
    anew from the beginning of the file.

    Raises ``DataError`` at a window that cannot be decoded.
    """

    def __init__(self, path: Path, size: tuple[int, int], read: Callable[[slice, slice], Pixels]) -> None:
        self.path, self.shape, self._read = path, (*size, 3), read

    def __getitem__(self, window: Window) -> Pixels:
        rows, columns = (slice(*part.indices(side)) for part, side in zip(window, self.shape[:2], strict=True))
        return self._read(rows, columns)

    def reduced(self, factor: int) -> Pixels:
        """Return the image at a ``factor``-th of its size, each pixel the mean of a square; what is over is left out.

        Read in bands, so that the whole is never in memory.
        """
        height, width = (max(1, side // factor) for side in self.shape[:2])
        found = np.empty((height, width, 3), np.uint8)
        for row in range(height):
            band = self[row * factor : (row + 1) * factor, : width * factor]
            found[row] = cv2.resize(band, (width, 1), interpolation=cv2.INTER_AREA)[0]
        return found


def open_windowed_image(path: Path, smallest: int) -> WindowedImage | None:
    """Return the image at ``path`` to be read by windows; None for one of up to ``smallest`` pixels, or another kind.

    It reads PNG files of 8 bits that are not interlaced, and TIFF files of 8 bits in strips or tiles. Others, such as
    JPEG, are only decoded as a whole.

    Raises ``DataError`` for an image of more pixels than the limit ``windowed-pixels``.
    """
    try:
        with open_image(path, any_size=True) as image:
            size, kind = (image.height, image.width), image.format
            tags: Mapping[int, Any] = dict(getattr(image, "tag_v2", {}))
    except Exception:  # as Pillow raises; the reader of whole images says what is wrong
        return None
    if size[0] * size[1] <= smallest or kind not in ("PNG", "TIFF"):
        return None
    reader = _PngRows.open(path, size) if kind == "PNG" else _TiffPieces.open(path, size, tags)
    if reader is None:
        return None
    if size[0] * size[1] > input_limit("windowed-pixels"):
        raise DataError(f"{path}: it has {size[1]}×{size[0]} pixels; {beyond_limit('windowed-pixels')}.")
    return WindowedImage(path, size, reader.read)


@dataclass
class _PngRows:
    """The rows of a PNG file, decoded from the top; ``colors`` is the palette ``(256, 3)`` of indexed pixels."""

    path: Path
    size: tuple[int, int]
    color_type: int
    colors: Pixels | None
    _filtered: Iterator[bytes] | None = None
    _next: int = 0
    _above: bytes = b""
    _first: int = 0
    _rows: Pixels = field(default_factory=lambda: np.empty((0, 0, 3), np.uint8))

    @classmethod
    def open(cls, path: Path, size: tuple[int, int]) -> "_PngRows | None":
        colors, color_type = None, 0
        for kind, content in _png_chunks(path):
            if kind == b"IHDR":
                depth, color_type, _, _, interlaced = content[8:13]
                if depth != 8 or interlaced or color_type not in _PNG_MODES:
                    return None
            elif kind == b"PLTE":
                given = np.frombuffer(content, np.uint8).reshape(-1, 3)
                colors = np.zeros((256, 3), np.uint8)
                colors[: len(given)] = given
            elif kind == b"IDAT":
                return None if color_type == 3 and colors is None else cls(path, size, color_type, colors)
        return None

    def read(self, rows: slice, columns: slice) -> Pixels:
        if self._filtered is None or rows.start < self._first:
            channels, _ = _PNG_MODES[self.color_type]
            self._filtered = _inflated_rows(self.path, 1 + channels * self.size[1])
            self._next, self._first, self._above = 0, 0, b""
            self._rows = np.empty((0, self.size[1], 3), np.uint8)
        kept = [self._rows[rows.start - self._first :]]
        while self._next < rows.stop:
            top = self._next
            band = self._decoded(min(_BAND, self.size[0] - top))
            kept.append(band[max(0, rows.start - top) :])
        self._rows, self._first = np.concatenate(kept), rows.start
        return np.ascontiguousarray(self._rows[: rows.stop - rows.start, columns])

    def _decoded(self, count: int) -> Pixels:
        """Return the next ``count`` rows ``(count, W, 3)``, decoded as a file of their own below the row above them."""
        assert self._filtered is not None
        channels, mode = _PNG_MODES[self.color_type]
        lines = [next(self._filtered) for _ in range(count)]
        above = [b"\0" + self._above] if self._above else []
        content = zlib.compress(b"".join([*above, *lines]), 1)
        color_type = 0 if self.color_type == 3 else self.color_type
        header = struct.pack(">IIBBBBB", self.size[1], count + len(above), 8, color_type, 0, 0, 0)
        file = _PNG + _png_chunk(b"IHDR", header) + _png_chunk(b"IDAT", content) + _png_chunk(b"IEND", b"")
        try:
            with open_image(BytesIO(file), ("PNG",), any_size=True) as image:
                assert image.mode == mode
                values = np.asarray(image).reshape(-1, self.size[1], channels)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise DataError(f"{self.path}: row {self._next} cannot be decoded ({error}). Export it again.") from error
        self._above, self._next = values[-1].tobytes(), self._next + count
        values = values[len(above) :]
        if self.colors is not None and self.color_type == 3:
            return self.colors[values[..., 0]]
        return values[..., :3] if channels > 2 else np.repeat(values[..., :1], 3, axis=2)


def _png_chunks(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of the chunks of a PNG file up to the first of its pixels, whose content is left out."""
    with path.open("rb") as file:
        file.seek(len(_PNG))
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if kind == b"IDAT":
                yield kind, b""
                return
            if kind in (b"IHDR", b"PLTE"):
                yield kind, file.read(min(length, 1024))
                length -= min(length, 1024)
            file.seek(length + 4, 1)


def _inflated_rows(path: Path, length: int) -> Iterator[bytes]:
    """Yield the rows of a PNG file as they are stored, ``length`` bytes each: the kind of filter, and the values."""
    inflater, held = zlib.decompressobj(), bytearray()
    for packed in _packed(path):
        while packed:
            try:
                held += inflater.decompress(packed, max(_READ, 4 * length))
            except zlib.error as error:
                raise DataError(f"{path}: cannot be decoded as an image ({error}). Export it again.") from error
            packed = inflater.unconsumed_tail
            done = len(held) // length * length
            for start in range(0, done, length):
                yield bytes(held[start : start + length])
            del held[:done]
    raise DataError(f"{path}: cannot be decoded as an image; its end is missing. Download or export it again.")


def _packed(path: Path) -> Iterator[bytes]:
    """Yield the compressed pixels of a PNG file, piece by piece."""
    with path.open("rb") as file:
        file.seek(len(_PNG))
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            while kind == b"IDAT" and length:
                piece = file.read(min(length, _READ))
                if not piece:
                    return
                length -= len(piece)
                yield piece
            file.seek(length + 4, 1)


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@dataclass
class _TiffPieces:
    """The strips or tiles of a TIFF file, ``piece`` ``(h, w)`` pixels each, row by row; decoded when needed."""

    path: Path
    size: tuple[int, int]
    tags: Mapping[int, Any]
    piece: tuple[int, int]
    offsets: tuple[int, ...]
    lengths: tuple[int, ...]
    _decoded: "OrderedDict[int, Pixels]" = field(default_factory=OrderedDict)

    @classmethod
    def open(cls, path: Path, size: tuple[int, int], tags: Mapping[int, Any]) -> "_TiffPieces | None":
        bits, samples = _numbers(tags.get(_BITS, 1)), tags.get(_SAMPLES, 1)
        if set(bits) != {8} or tags.get(_PLANAR, 1) != 1 or samples not in (1, 3, 4) or tags.get(266, 1) != 1:
            return None
        tiled = _TILE_OFFSETS in tags
        strip = (min(tags.get(_STRIP_ROWS, size[0]), size[0]), size[1])
        piece = (tags[_TILE_LENGTH], tags[_TILE_WIDTH]) if tiled else strip
        offsets = _numbers(tags.get(_TILE_OFFSETS if tiled else _STRIP_OFFSETS, ()))
        lengths = _numbers(tags.get(_TILE_BYTES if tiled else _STRIP_BYTES, ()))
        if min(piece) < 1 or 3 * piece[0] * piece[1] > _LARGEST_PIECE or max(lengths, default=0) > _LARGEST_PIECE:
            return None
        needed = -(-size[0] // piece[0]) * -(-size[1] // piece[1])
        return cls(path, size, tags, piece, offsets, lengths) if len(offsets) == len(lengths) == needed else None

    def read(self, rows: slice, columns: slice) -> Pixels:
        found = np.empty((rows.stop - rows.start, columns.stop - columns.start, 3), np.uint8)
        (high, wide), across = self.piece, -(-self.size[1] // self.piece[1])
        for down in range(rows.start // high, -(-rows.stop // high)):
            for right in range(columns.start // wide, -(-columns.stop // wide)):
                pixels, top, left = self._pixels(down * across + right), down * high, right * wide
                first, start = max(top, rows.start), max(left, columns.start)
                last, end = min(top + high, rows.stop), min(left + wide, columns.stop)
                found[first - rows.start : last - rows.start, start - columns.start : end - columns.start] = pixels[
                    first - top : last - top, start - left : end - left
                ]
        return found

    def _pixels(self, number: int) -> Pixels:
        """Return the piece ``number``, ``(h, w, 3)`` or what of it lies in the image."""
        if number in self._decoded:
            self._decoded.move_to_end(number)
            return self._decoded[number]
        with self.path.open("rb") as file:
            file.seek(self.offsets[number])
            content = file.read(self.lengths[number])
        rows = self.piece[0]
        if _TILE_OFFSETS not in self.tags:
            rows = min(rows, self.size[0] - number * rows)
        decoded = cv2.imdecode(
            np.frombuffer(_small_tiff(self.tags, (rows, self.piece[1]), content), np.uint8),
            cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION,
        )
        if decoded is None or decoded.shape[:2] != (rows, self.piece[1]):
            raise DataError(f"{self.path}: piece {number} cannot be decoded. Export it again.")
        pixels = np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB, decoded), np.uint8)
        self._decoded[number] = pixels
        while sum(each.nbytes for each in self._decoded.values()) > _KEPT and len(self._decoded) > 1:
            self._decoded.popitem(last=False)
        return pixels


def _small_tiff(tags: Mapping[int, Any], size: tuple[int, int], content: bytes) -> bytes:
    """Return a TIFF file whose only strip of ``size`` ``(h, w)`` is ``content``, decoded as ``tags`` say."""
    fields: dict[int, Any] = {number: tags[number] for number in _DECODING if number in tags}
    fields |= {_WIDTH: size[1], _LENGTH: size[0], _STRIP_ROWS: size[0], _STRIP_OFFSETS: 8, _STRIP_BYTES: len(content)}
    beside = bytearray(content + b"\0" * (len(content) % 2))
    entries = b""
    for number, value in sorted(fields.items()):
        kind, count, packed = _tiff_value(number, value)
        if len(packed) > 4:
            at = 8 + len(beside)
            beside += packed + b"\0" * (len(packed) % 2)
            packed = struct.pack("<I", at)
        entries += struct.pack("<HHI", number, kind, count) + packed.ljust(4, b"\0")
    directory = struct.pack("<H", len(fields)) + entries + struct.pack("<I", 0)
    return struct.pack("<2sHI", b"II", 42, 8 + len(beside)) + bytes(beside) + directory


def _tiff_value(number: int, value: Any) -> tuple[int, int, bytes]:
    """Return the type, the count and the bytes of the ``value`` of a tag: BYTE (7 undefined), LONG, SHORT, RATIONAL."""
    if number == _BYTES_TAG:
        return 7, len(value), bytes(value)
    if number in _RATIONALS:
        pairs = [(each.numerator, each.denominator) for each in value]
        return 5, len(pairs), b"".join(struct.pack("<II", *pair) for pair in pairs)
    numbers = _numbers(value)
    if number in (_WIDTH, _LENGTH, _STRIP_ROWS, _STRIP_OFFSETS, _STRIP_BYTES):
        return 4, len(numbers), struct.pack(f"<{len(numbers)}I", *numbers)
    return 3, len(numbers), struct.pack(f"<{len(numbers)}H", *numbers)


def _numbers(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)
