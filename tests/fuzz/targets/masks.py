"""Segmentations, label maps and panoptic maps as PNG, brush masks: held against other readers where there are some."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from hotcoco import mask as coco_mask
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as oracle

from maskwright.errors import DataError
from maskwright.masks.binary_png import read_mask
from maskwright.masks.gray_png import read_gray_label_map
from maskwright.masks.panoptic_png import read_panoptic_png, write_panoptic_png
from maskwright.masks.png import read_label_map, write_label_map
from maskwright.masks.rle import BadSegmentation, compress, rasterise, run_lengths
from maskwright.masks.run_lengths import measure_run_lengths
from maskwright.server.label_studio.brush_rle import decode_brush, encode_brush
from tests.fuzz import pngs
from tests.fuzz.harness import Target
from tests.fuzz.strategies import changed_values

_MOST_DECODED = 1 << 20
_FARTHEST = 1e4

_segmentation = msgspec.json.Decoder(tuple[int, int, msgspec.Raw])


class Skipped(Exception):
    """The error of an input that is none of the target's: it is not read at all."""


def _read_segmentation(path: Path) -> None:
    """The mask is that of pycocotools, its runs are those it was made of, and many at once measure as one."""
    try:
        height, width, raw = _segmentation.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Skipped(str(error)) from error
    if not 0 < height * width <= 1 << 27 or height < 0:
        raise Skipped("a size that no image has")
    given = bytes(raw)
    found = rasterise(msgspec.Raw(given), height, width)
    lengths = run_lengths(found.rle)
    assert lengths.sum() == height * width
    assert found.area == lengths[1::2].sum()
    assert compress(lengths, height, width) == found.rle, "runs that are coded again differ"
    measured = measure_run_lengths([found.rle["counts"]], [height], [width])
    assert measured.sound[0]
    assert measured.areas[0] == found.area
    if found.area:
        left, top, right, bottom = measured.bounds[0].tolist()
        assert coco_mask.to_bbox(found.rle).tolist() == [left, top, right - left, bottom - top]
    if height * width <= _MOST_DECODED:
        _compare(json.loads(given), found, height, width)


def _compare(given: Any, found: Any, height: int, width: int) -> None:
    """Hold the mask against pycocotools', where its reader takes what is given without a look at it."""
    theirs: Any = given
    if isinstance(given, dict):
        if isinstance(given["counts"], list):
            theirs = oracle.frPyObjects(theirs, height, width)
    elif not found.dropped_parts and np.abs(np.concatenate([np.ravel(part) for part in given])).max() < _FARTHEST:
        theirs = oracle.merge(oracle.frPyObjects(theirs, height, width))
    else:
        return
    assert np.array_equal(oracle.decode(theirs), coco_mask.decode(found.rle)), "pycocotools draws another mask"
    assert oracle.area(theirs) == found.area


@st.composite
def _segmentations(draw: st.DrawFn) -> bytes:
    height, width = draw(st.integers(1, 70)), draw(st.integers(1, 70))
    way = draw(st.sampled_from(["polygons", "counts", "coded", "text", "changed"]))
    if way == "polygons":
        points = st.lists(st.floats(-90, 160), min_size=4, max_size=14)
        value: Any = draw(st.lists(points, min_size=1, max_size=4))
    elif way == "changed":
        value = draw(
            changed_values([[[1, 1, 9, 1, 9, 9]], {"size": [height, width], "counts": [5, height * width - 5]}])
        )
    else:
        value = {"size": [height, width], "counts": _counts(draw, way, height, width)}
    return json.dumps([height, width, value]).encode("utf-8", "surrogatepass")


def _counts(draw: st.DrawFn, way: str, height: int, width: int) -> Any:
    if way == "text":
        return draw(st.text(st.characters(min_codepoint=46, max_codepoint=112), max_size=30))
    cuts = sorted(draw(st.lists(st.integers(0, height * width), max_size=12)))
    lengths = np.diff([0, *cuts, height * width]).tolist()
    if way == "counts":
        return lengths
    text = compress(np.array(lengths, np.int64), height, width)["counts"].decode()
    at = draw(st.integers(0, len(text)))
    return (
        text[:at]
        + draw(st.sampled_from(["", "", "0", "O", "P", "`", "o", "n1"]))
        + text[at + draw(st.integers(0, 1)) :]
    )


_SEGMENTATIONS = [
    [64, 64, [[1, 1, 30, 1, 30, 30, 1, 30]]],
    [64, 64, [[1.5, 1, 30, 1, 30, 30.25], [40, 40, 50, 40, 50, 50, 40, 50]]],
    [5, 7, {"size": [5, 7], "counts": [0, 3, 4, 0, 5, 23]}],
    [64, 64, {"size": [64, 64], "counts": "]12m11N101N100O2O"}],
    [1, 1, {"size": [1, 1], "counts": "1"}],
    [9, 9, [1, 1, 8, 1, 8, 8]],
    [9, 9, None],
]


def _read_mask(path: Path) -> None:
    """The fast reader answers as the plain one, and a map that is written is read again as the same."""
    fast, plain = _map_or_error(read_gray_label_map, path), _map_or_error(read_label_map, path)
    if isinstance(plain, DataError) and not isinstance(fast, DataError):
        # The fast reader does not look into chunks that say nothing of the labels.
        path.write_bytes(pngs.bare(path.read_bytes()))
        plain = _map_or_error(read_label_map, path)
    if isinstance(plain, DataError):
        assert isinstance(fast, DataError), f"the fast reader takes what the other does not: {plain}"
        raise plain
    assert not isinstance(fast, DataError), f"the fast reader refuses: {fast}"
    assert np.array_equal(fast, plain)
    assert fast.dtype == plain.dtype
    again = path.with_name("again.png")
    write_label_map(again, plain)
    assert np.array_equal(read_gray_label_map(again), plain)


def _map_or_error(read: Any, path: Path) -> Any:
    try:
        return read(path).copy()
    except DataError as error:
        return error


def _read_mask_file(path: Path) -> None:
    """The mask is that of Pillow's decoder, in its tight box; chunks that say nothing of the pixels do not count."""
    found = read_mask(path)
    path.write_bytes(pngs.bare(path.read_bytes()))
    with Image.open(path, formats=["PNG"]) as image:
        expected = np.asarray(image.convert("L")) != 0
    drawn = np.zeros(found.size, np.bool_)
    drawn[found.box] = found.mask
    assert np.array_equal(drawn, expected), "Pillow decodes another mask"


def _read_panoptic(path: Path) -> None:
    ids = read_panoptic_png(path)
    again = path.with_name("again.png")
    write_panoptic_png(again, ids)
    assert np.array_equal(read_panoptic_png(again), ids)


def _read_brush(path: Path) -> None:
    """A mask that is decoded gives the same mask when it is coded and decoded again."""
    content = path.read_bytes()
    size = (1 + content[0] % 40, 1 + content[1] % 40) if len(content) > 1 else (1, 1)
    mask = decode_brush(list(content[2:]), size)
    rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert np.array_equal(decode_brush(encode_brush(rle), size), mask)


def _brush(height: int, width: int, seed: int) -> bytes:
    mask = np.random.default_rng(seed).random((height, width)) < 0.4
    return bytes([height - 1, width - 1, *encode_brush(coco_mask.encode(np.asfortranarray(mask.astype(np.uint8))))])


def _mask_seeds() -> list[bytes]:
    row = b"\0" + bytes([0, 1, 2])
    color = pngs.png_of(4, 3, 8, 2, (b"\0" + bytes(range(12))) * 3)
    indexed = pngs.png_of(3, 3, 8, 3, row * 3, pngs.chunk(b"PLTE", bytes(range(9))))
    return [
        *(pngs.labels_png(), pngs.labels_png(5, 4, 16), color, indexed, pngs.labels_png(2000, 4)),
        pngs.png_of(6, 3, 1, 0, (b"\0\xa0") * 3),
        pngs.png_of(4, 3, 8, 6, (b"\0" + bytes(range(16))) * 3),
        pngs.png_of(3, 3, 8, 0, row * 3, pngs.chunk(b"tRNS", b"\0\1")),
    ]


def _png_target(name: str, file: str, read: Callable[[Path], None]) -> Target:
    return Target(
        name=name,
        file=file,
        read=read,
        errors=(DataError,),
        seeds=_mask_seeds,
        strategy=pngs.pngs,
        tokens=pngs.TOKENS,
        mend=pngs.mended,
    )


TARGETS = [
    Target(
        name="segmentation",
        read=_read_segmentation,
        errors=(BadSegmentation, Skipped),
        seeds=lambda: [json.dumps(each).encode() for each in _SEGMENTATIONS],
        strategy=_segmentations,
        tokens=(b'"counts":', b'"size":', b"[", b"]", b",", b'"', b"0", b"O", b"`", b"o", b"?"),
    ),
    _png_target("mask-png", "mask.png", _read_mask),
    _png_target("mask-file", "object.png", _read_mask_file),
    _png_target("panoptic-png", "panoptic.png", _read_panoptic),
    Target(
        name="brush",
        read=_read_brush,
        errors=(DataError,),
        seeds=lambda: [_brush(1, 1, 0), _brush(5, 7, 1), _brush(30, 40, 2)],
        strategy=lambda: st.binary(max_size=60).map(lambda tail: _brush(4, 5, 3)[:16] + tail),
    ),
]
