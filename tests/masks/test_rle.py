"""Rasterisation against pycocotools, to the pixel and to the byte."""

import json
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from hotcoco import mask as coco_mask
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as oracle

from maskwright.masks.rle import BadSegmentation, RasterisedMask, compress, crop_columns, rasterise, run_lengths

# Whole, half and crooked coordinates, on the border and far beyond it: each takes another path through COCO's rule.
COORDINATES = st.one_of(
    st.integers(-30, 70), st.integers(-60, 140).map(lambda i: i / 2), st.floats(-40, 80, width=32), st.just(1e5)
)
POLYGONS = st.lists(COORDINATES, min_size=6, max_size=24).map(lambda points: points[: len(points) // 2 * 2])
SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))


@st.composite
def masks(draw: st.DrawFn) -> npt.NDArray[np.uint8]:
    return draw(arrays(np.uint8, draw(SIZES), elements=st.integers(0, 1)))


def uncompressed(mask: npt.NDArray[np.uint8]) -> list[int]:
    """Run lengths by COCO's definition: column by column, zeros first."""
    pixels = mask.ravel(order="F")
    ends = np.flatnonzero(np.diff(pixels)) + 1
    lengths = np.diff(np.concatenate(([0], ends, [pixels.size]))).tolist()
    return [0, *lengths] if pixels[0] else lengths


@settings(max_examples=150)
@given(st.lists(POLYGONS, min_size=1, max_size=4), SIZES)
def test_polygons_cover_the_pixels_that_pycocotools_says(polygons: list[list[float]], size: tuple[int, int]):
    expected = oracle.merge(oracle.frPyObjects(polygons, *size))
    drawn = rasterise(polygons, *size)
    assert drawn.rle == expected
    assert drawn.area == oracle.area(expected) == oracle.decode(drawn.rle).sum()
    assert drawn.dropped_parts == 0


@settings(max_examples=60)
@given(masks())
def test_compressed_and_uncompressed_rle_are_drawn_as_pycocotools_encodes_them(mask: npt.NDArray[np.uint8]):
    expected = oracle.encode(np.asfortranarray(mask))
    height, width = mask.shape
    compressed = {"size": [height, width], "counts": expected["counts"].decode("ascii")}
    for segmentation in (compressed, {"size": [height, width], "counts": uncompressed(mask)}):
        drawn = rasterise(segmentation, height, width)
        assert drawn.rle == expected
        assert drawn.area == mask.sum()


@settings(max_examples=60)
@given(masks())
def test_run_lengths_are_those_of_the_mask_and_compress_undoes_them(mask: npt.NDArray[np.uint8]):
    rle = oracle.encode(np.asfortranarray(mask))
    lengths = run_lengths(rle)
    assert lengths.tolist() == uncompressed(mask)
    assert compress(lengths, *mask.shape) == rle


@settings(max_examples=60)
@given(st.lists(st.integers(0, 2**26), min_size=1, max_size=30))
def test_run_lengths_of_large_images_come_back(lengths: list[int]):
    # The sizes of runs are coded relative to earlier runs: long and short ones in turn give large negative steps.
    rle = oracle.frPyObjects({"size": [sum(lengths), 1], "counts": lengths}, sum(lengths), 1)
    assert run_lengths(rle).tolist() == lengths


def test_runs_of_length_zero_are_drawn():
    counts = [0, 3, 0, 2, 5, 0, 10]
    drawn = rasterise({"size": [4, 5], "counts": counts}, 4, 5)
    assert oracle.decode(drawn.rle).ravel(order="F").tolist() == [1] * 5 + [0] * 5 + [0] * 10
    assert drawn.area == 5


@pytest.mark.parametrize("raw", [bytes, msgspec.Raw], ids=["bytes", "Raw"])
def test_undecoded_json_is_drawn_like_the_decoded_value(raw: Any):
    polygons = [[1, 1, 9.5, 1, 9, 9]]
    assert rasterise(raw(json.dumps(polygons).encode()), 12, 14) == rasterise(polygons, 12, 14)


def test_holes_and_parts_of_an_rle_survive():
    mask = np.zeros((9, 9), np.uint8)
    mask[1:6, 1:6] = 1
    mask[3, 3] = 0
    mask[8, 8] = 1
    drawn = rasterise({"size": [9, 9], "counts": uncompressed(mask)}, 9, 9)
    assert (oracle.decode(drawn.rle) == mask).all()


def test_a_polygon_that_holds_the_image_covers_every_pixel():
    assert rasterise([[-50, -50, 500, -50, 500, 500, -50, 500]], 48, 64).area == 48 * 64


def test_unusable_parts_are_counted_and_the_others_drawn():
    square = [2.0, 2.0, 8.0, 2.0, 8.0, 8.0, 2.0, 8.0]
    parts = [[1, 1, 2, 2], square, [1, 1, float("inf"), 2, 3, 3], [float("nan")] * 6]
    assert rasterise(parts, 12, 14) == RasterisedMask(rasterise([square], 12, 14).rle, area=36, dropped_parts=3)


def area_or_fault(segmentation: Any, height: int, width: int) -> int | str:
    try:
        return rasterise(segmentation, height, width).area
    except BadSegmentation as bad:
        return bad.code


# Letters of COCO's coding and some that are not.
TEXTS = st.text(st.sampled_from("0123456789:;?@ANO\\`ao~ \x00é猫"), max_size=12) | st.text(max_size=8)


@settings(max_examples=150)
@given(TEXTS, SIZES)
def test_any_text_is_refused_or_gives_runs_that_fill_the_image(counts: str, size: tuple[int, int]):
    result = area_or_fault({"size": list(size), "counts": counts}, *size)
    assert result == "rle_counts" or 0 <= result <= size[0] * size[1]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=8) | st.dictionaries(st.sampled_from(["size", "counts", "x"]), inner, max_size=3)
    ),
    max_leaves=20,
)
FAULTS = {
    *("empty_segmentation", "unreadable_segmentation", "bad_polygon", "flat_polygon_list"),
    *("rle_size", "rle_counts"),
}


@settings(max_examples=100)
@given(JSON_VALUES)
def test_any_json_value_is_drawn_or_refused_with_a_named_fault(segmentation: Any):
    result = area_or_fault(segmentation, 8, 9)
    assert result in FAULTS or 0 <= result <= 72


@st.composite
def run_lengths_with_zeros(draw: st.DrawFn) -> tuple[list[int], int, int]:
    lengths = draw(st.lists(st.integers(0, 5), min_size=1, max_size=12).filter(sum))
    total = sum(lengths)
    height = draw(st.sampled_from([side for side in range(1, total + 1) if total % side == 0]))
    return lengths, height, total // height


@given(run_lengths_with_zeros())
def test_runs_of_length_zero_are_joined_and_the_mask_stays(scene: tuple[list[int], int, int]):
    lengths, height, width = scene
    rle = rasterise({"size": [height, width], "counts": lengths}, height, width).rle
    expected = np.repeat(np.arange(len(lengths)) % 2, lengths).reshape((height, width), order="F")
    assert oracle.decode(rle).tolist() == expected.tolist()
    assert (run_lengths(rle)[1:] > 0).all()


@given(st.integers(0, 2**20 - 1), st.integers(1, 5), st.integers(1, 6))
def test_columns_are_the_part_of_the_mask_inside_its_box(pixels: int, height: int, scale: int):
    width = 20 // height
    mask = np.array([pixels >> i & 1 for i in range(height * width)], np.uint8).reshape(height, width)
    # Taller images have runs of several code bytes.
    mask = np.pad(mask, ((0, 40 * scale**2), (0, 0)))
    rle = oracle.encode(np.asfortranarray(mask))
    left, _, across, _ = (int(side) for side in oracle.toBbox(rle))
    if across:
        cut = crop_columns(rle, left, across)
        full = cut["counts"] if left + across == width else None
        decoded = coco_mask.decode(cut)
        assert decoded.tolist() == mask[:, left : left + across].tolist()
        assert full is None or oracle.decode(cut).tolist() == decoded.tolist()


@pytest.mark.parametrize("far", [1e7, 1e12, 1e300])
def test_an_outline_too_long_to_walk_is_refused_at_once(far: float):
    with pytest.raises(BadSegmentation, match="outline of") as caught:
        rasterise([[-far, -far, far, -far, far, far, -far, far]], 48, 64)
    assert caught.value.code == "polygon_bomb"


@pytest.mark.parametrize("far", [1e3, 1e5, 6e5])
def test_an_outline_far_beyond_the_image_is_drawn_as_pycocotools_does(far: float):
    polygon = [5.0, 5.0, far, far, 30.0, 200.0]
    assert rasterise([polygon], 48, 64).rle == oracle.frPyObjects([polygon], 48, 64)[0]
