"""COCO segmentations (polygons, compressed or uncompressed RLE) as canonical RLE, and RLE as run lengths.

Polygons are rasterised by COCO's rule through hotcoco's mask functions, which equal pycocotools to the pixel.
"""

import sys
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from hotcoco import mask as coco_mask

from maskwright.structures import Rle

_json = msgspec.json.Decoder()
_polygons = msgspec.json.Decoder(list[list[float]])

# Pixels. COCO's rule walks the outline in fifths of a pixel; past three times as far hotcoco's result is wrong.
LONGEST_OUTLINE = 5_000_000

# Bytes of JSON. Decoded, numbers take twenty times as much; a mask of a hundred million pixels stays under this.
LONGEST_TEXT = 16 << 20


class BadSegmentation(ValueError):
    """A segmentation that cannot be drawn: ``code`` is the fault code, the message says what was found."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class RasterisedMask:
    """A rasterised segmentation: its RLE, its area in pixels, and the number of its polygons that cannot be drawn."""

    rle: Rle
    area: int
    dropped_parts: int = 0


def rasterise(
    segmentation: msgspec.Raw | bytes | list[Any] | dict[str, Any] | None, height: int, width: int
) -> RasterisedMask:
    """Return the mask of a COCO segmentation on an image of ``height`` × ``width`` pixels.

    ``segmentation`` is the JSON value, decoded or raw. Polygons with fewer than three points, an odd number of
    coordinates or non-finite coordinates are skipped and counted in ``dropped_parts``. A very thin polygon may cover no
    pixel: its ``area`` is 0.

    Raises :class:`BadSegmentation` when nothing can be drawn.
    """
    if isinstance(segmentation, (msgspec.Raw, bytes)):
        segmentation = decode_segmentation(segmentation)
    if isinstance(segmentation, dict):
        rle, dropped = _from_rle(segmentation, height, width), 0
    elif isinstance(segmentation, list) and segmentation:
        rle, dropped = _from_polygons(segmentation, height, width)
    elif not segmentation:
        raise BadSegmentation("empty_segmentation", "has an empty segmentation")
    else:
        raise BadSegmentation("unreadable_segmentation", "has a segmentation that is neither polygons nor an RLE")
    return RasterisedMask(rle, int(coco_mask.area(rle)), dropped)


def decode_segmentation(content: msgspec.Raw | bytes) -> Any:
    """Return the JSON value of a raw segmentation, polygons as :class:`FinitePolygons`.

    Raises :class:`BadSegmentation` when it is longer than ``LONGEST_TEXT`` or cannot be decoded.
    """
    if len(memoryview(content)) > LONGEST_TEXT:
        raise BadSegmentation("polygon_bomb", f"has a segmentation of {len(memoryview(content)) >> 20} MiB")
    try:
        return FinitePolygons(_polygons.decode(content))
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass  # Not polygons: an RLE, or a fault that the general decoder names.
    try:
        return _json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadSegmentation("unreadable_segmentation", f"has an unreadable segmentation ({error})") from error


class FinitePolygons(list[list[float]]):
    """Polygons ``[[x, y, x, y, …], …]`` that hold finite numbers only, as numbers decoded from JSON are."""


def _from_polygons(polygons: list[Any], height: int, width: int) -> tuple[Rle, int]:
    numbers = polygons if isinstance(polygons, FinitePolygons) else [p for p in polygons if _is_finite(p)]
    usable = [points for points in numbers if len(points) >= 6 and len(points) % 2 == 0]
    if not usable:
        if len(polygons) >= 6 and len(polygons) % 2 == 0 and _is_finite(polygons):
            raise BadSegmentation("flat_polygon_list", "has a polygon that is not in a list of polygons")
        raise BadSegmentation(
            "bad_polygon", "has no polygon of at least three points with finite x, y pairs in its segmentation"
        )
    if sum((max(points) - min(points)) * len(points) for points in usable) > LONGEST_OUTLINE:
        _require_short(usable)
    parts = coco_mask.frPyObjects(usable, height, width)
    rle = parts[0] if len(parts) == 1 else coco_mask.merge(parts)
    return rle, len(polygons) - len(usable)


def _is_finite(points: Any) -> bool:
    return isinstance(points, list) and all(
        type(value) in (int, float) and abs(value) <= sys.float_info.max for value in points
    )


def _require_short(polygons: list[list[float]]) -> None:
    """Raise ``BadSegmentation`` for outlines that are too long: COCO's rule visits every fifth of a pixel of them."""
    length = 0.0
    with np.errstate(over="ignore"):
        for points in polygons:
            corners = np.asarray(points, np.float64).reshape(-1, 2)
            length += float(np.abs(np.diff(corners, axis=0, append=corners[:1])).max(axis=1).sum())
    if length > LONGEST_OUTLINE:
        raise BadSegmentation("polygon_bomb", f"has a polygon with an outline of {length:.3g} pixels")


def _from_rle(segmentation: dict[str, Any], height: int, width: int) -> Rle:
    size, counts = segmentation.get("size"), segmentation.get("counts")
    if size != [height, width]:
        raise BadSegmentation("rle_size", f"has an RLE of size {size} on an image of size {[height, width]}")
    if isinstance(counts, str):
        lengths = _decompress(counts.encode("utf-8", errors="surrogatepass"))
    elif isinstance(counts, list) and all(type(count) is int and abs(count) < 2**32 for count in counts):
        lengths = np.array(counts, np.int64)
    else:
        raise BadSegmentation("rle_counts", "has an RLE whose counts are neither a string nor 32-bit integers")
    if (lengths < 0).any():
        raise BadSegmentation("rle_counts", "has an RLE with a negative run length")
    if int(lengths.max(initial=0)) > height * width:  # whose sum may wrap, and be right
        message = f"has an RLE with a run of {int(lengths.max())} pixels on an image of {height * width}"
        raise BadSegmentation("rle_counts", message)
    if int(lengths.sum()) != height * width:
        raise BadSegmentation(
            "rle_counts",
            f"has an RLE whose counts sum to {int(lengths.sum())}, not to {height}×{width} = {height * width}",
        )
    return compress(lengths, height, width)


def compress(lengths: npt.NDArray[np.int64], height: int, width: int) -> Rle:
    """Return the canonical RLE of column-major run ``lengths``, which start with background and sum to the pixel count.

    In canonical RLE no run but the first has length zero.
    """
    kept = np.flatnonzero(lengths)
    if kept.size and kept.size < lengths.size - (lengths[0] == 0):
        ones = kept % 2
        first_of_run = np.flatnonzero(np.diff(ones, prepend=-1))
        joined = np.add.reduceat(lengths[kept], first_of_run)
        lengths = np.concatenate(([0], joined)) if ones[0] else joined
    return coco_mask.frPyObjects({"size": [height, width], "counts": lengths.tolist()}, height, width)


def crop_columns(rle: Rle, left: int, width: int) -> Rle:
    """Return the canonical ``rle`` without the empty columns left of column ``left`` and right of ``left + width``.

    The removed columns must hold no foreground, such as those outside the box of ``hotcoco.mask.to_bbox``. From the
    fourth run on, COCO's coding is relative to the run two before. So only the first run changes, and the last is
    dropped.
    """
    height, full_width = rle["size"]
    counts = rle["counts"]
    end, code = 0, counts[0] - 48
    start = code & 0x1F
    while code & 0x20:
        end += 1
        code = counts[end] - 48
        start |= (code & 0x1F) << (5 * end)
    stop = len(counts)
    if left + width < full_width:
        stop -= 2
        while counts[stop] - 48 & 0x20:
            stop -= 1
        stop += 1
    return {"size": [height, width], "counts": _coded(start - left * height) + counts[end + 1 : stop]}


def _coded(run: int) -> bytes:
    """Return COCO's run coding of a run that is not negative; see :func:`_decompress`."""
    coded = bytearray()
    while run >= 16:
        coded.append((run & 0x1F | 0x20) + 48)
        run >>= 5
    coded.append(run + 48)
    return bytes(coded)


def run_lengths(rle: Rle) -> npt.NDArray[np.int64]:
    """Return the column-major run lengths ``(R,)`` int64 of ``rle``: background first, then alternating.

    Raises :class:`BadSegmentation` when the counts are not COCO's coding.
    """
    return _decompress(rle["counts"])


def _decompress(counts: bytes) -> npt.NDArray[np.int64]:
    """Decode COCO's run coding: 5-bit groups, low first, sign-extended; from the fourth run on, relative to two before.

    Source of the coding: ``rleToString`` of the COCO API (maskApi.c).
    """
    codes = np.frombuffer(counts, np.uint8).astype(np.int64) - 48
    if codes.size == 0:
        return codes
    if codes.min() < 0 or codes.max() > 63 or codes[-1] & 0x20:
        raise BadSegmentation("rle_counts", "has an RLE whose compressed counts are not COCO's coding")
    ends = np.flatnonzero((codes & 0x20) == 0)
    starts = np.concatenate(([0], ends[:-1] + 1))
    if int((ends - starts).max()) > 6:
        raise BadSegmentation("rle_counts", "has an RLE with a count beyond 32 bits")
    position = np.arange(codes.size) - np.repeat(starts, ends - starts + 1)
    values = np.add.reduceat((codes & 0x1F) << (5 * position), starts)
    negative = (codes[ends] & 0x10) != 0
    values[negative] -= np.int64(1) << (5 * (ends - starts + 1)[negative])
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values
