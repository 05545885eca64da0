"""Polygons with holes against pycocotools, OpenCV and, for validity, geometry itself."""

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as oracle

from maskwright.masks.contours import PolygonWithHoles, polygons_to_rle, polygons_with_holes
from maskwright.masks.rle import BadSegmentation, compress, rasterise

Mask = npt.NDArray[np.uint8]
SIZES = st.tuples(st.integers(1, 14), st.integers(1, 14)) | st.tuples(st.just(1), st.integers(1, 40))


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    """Noise, and noise enlarged: parts and holes of one pixel and of many, touching at corners and at the border."""
    height, width = draw(SIZES)
    shape = draw(st.sampled_from([(height, width), (width, height)]))
    mask = draw(arrays(np.uint8, shape, elements=st.integers(0, 1)))
    return np.kron(mask, np.ones(draw(st.sampled_from([(1, 1), (2, 3)])), np.uint8))


def encode(mask: Mask) -> dict:
    return oracle.encode(np.asfortranarray(mask))


def by_pycocotools(polygons: list[PolygonWithHoles], shape: tuple[int, ...]) -> Mask:
    """Every ring drawn by pycocotools; a pixel counts when an odd number of rings covers it."""
    drawn = np.zeros(shape, np.uint8)
    for polygon in polygons:
        for ring in polygon.rings:
            drawn ^= oracle.decode(oracle.frPyObjects([ring.ravel().astype(float).tolist()], *shape))[:, :, 0]
    return drawn


def twice_the_area(ring: npt.NDArray[np.int64]) -> int:
    x, y = ring.T
    return int((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())


@settings(max_examples=100)
@given(masks())
def test_a_mask_comes_back_to_the_pixel_and_pycocotools_draws_its_rings_so(mask: Mask):
    rle = encode(mask)
    polygons = polygons_with_holes(rle)
    assert polygons_to_rle(polygons, *mask.shape) == rle
    np.testing.assert_array_equal(by_pycocotools(polygons, mask.shape), mask)


@settings(max_examples=80)
@given(masks())
def test_a_polygon_is_a_four_connected_part_and_its_holes_are_those_of_the_part(mask: Mask):
    polygons = polygons_with_holes(encode(mask))
    parts, labels = cv2.connectedComponents(mask, connectivity=4)
    assert len(polygons) == parts - 1
    for polygon in polygons:
        drawn = oracle.decode(polygons_to_rle([polygon], *mask.shape))
        inside = np.unique(labels[drawn == 1])
        assert len(inside) == 1
        np.testing.assert_array_equal(drawn, labels == inside[0])
        # Its background: the outside, and the holes; what touches at a corner only is apart here too.
        padded = np.pad(1 - drawn, 1, constant_values=1)
        assert len(polygon.holes) == cv2.connectedComponents(padded, connectivity=4)[0] - 2


@settings(max_examples=80)
@given(masks())
def test_rings_are_simple_and_turn_clockwise_outside_and_back_in_holes(mask: Mask):
    for polygon in polygons_with_holes(encode(mask)):
        assert twice_the_area(polygon.outer) > 0
        assert all(twice_the_area(hole) < 0 for hole in polygon.holes)
        for ring in polygon.rings:
            assert len(np.unique(ring, axis=0)) == len(ring) >= 4
            turns = [tuple(side) for side in np.diff(ring, axis=0, append=ring[:1])]
            # Each corner is one: horizontal and vertical edges in turn.
            assert all((a[0] == 0) != (b[0] == 0) for a, b in pairwise(turns))


COORDINATES = st.integers(-20, 60) | st.integers(-60, 140).map(lambda i: i / 2) | st.floats(-30, 60, width=32)
POLYGONS = st.lists(COORDINATES, min_size=6, max_size=24).map(lambda points: points[: len(points) // 2 * 2])


@settings(max_examples=80)
@given(st.lists(POLYGONS, min_size=1, max_size=3), st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_polygon_to_rle_to_polygon_with_holes_to_rle_is_exact(polygons: list[list[float]], size: tuple[int, int]):
    drawn = rasterise(polygons, *size).rle
    assert drawn == oracle.merge(oracle.frPyObjects(polygons, *size))
    traced = polygons_with_holes(drawn)
    assert polygons_to_rle(traced, *size) == drawn
    np.testing.assert_array_equal(by_pycocotools(traced, size), oracle.decode(drawn))


def test_a_frame_is_an_outer_ring_with_a_hole():
    mask = np.ones((5, 6), np.uint8)
    mask[1:4, 2:4] = 0
    (frame,) = polygons_with_holes(encode(mask))
    assert frame.outer.tolist() == [[0, 0], [6, 0], [6, 5], [0, 5]]
    assert [hole.tolist() for hole in frame.holes] == [[[4, 1], [2, 1], [2, 4], [4, 4]]]


def test_an_object_in_the_hole_of_another_is_a_part_of_its_own():
    mask = np.ones((7, 7), np.uint8)
    mask[1:6, 1:6] = 0
    mask[3, 3] = 1
    frame, island = polygons_with_holes(encode(mask))
    assert (len(frame.holes), len(island.holes)) == (1, 0)
    assert island.outer.tolist() == [[3, 3], [4, 3], [4, 4], [3, 4]]


def test_pixels_that_touch_at_a_corner_are_two_parts():
    assert len(polygons_with_holes(encode(np.eye(2, dtype=np.uint8)))) == 2


def test_holes_that_touch_at_a_corner_are_two_rings():
    mask = np.ones((4, 4), np.uint8)
    mask[1, 1] = mask[2, 2] = 0
    (polygon,) = polygons_with_holes(encode(mask))
    assert [len(hole) for hole in polygon.holes] == [4, 4]


def test_an_empty_mask_has_no_polygons_and_none_are_an_empty_mask():
    assert polygons_with_holes(encode(np.zeros((3, 4), np.uint8))) == []
    assert polygons_to_rle([], 3, 4) == encode(np.zeros((3, 4), np.uint8))


def test_runs_of_length_zero_change_nothing():
    rle = rasterise({"size": [4, 5], "counts": [0, 3, 0, 2, 5, 0, 10]}, 4, 5).rle
    assert polygons_to_rle(polygons_with_holes(rle), 4, 5) == encode(oracle.decode(rle))


def test_a_mask_of_two_thousand_million_pixels_is_traced_by_its_outline():
    height, width = 40_000, 50_000
    square = rasterise([[0, 0, width, 0, width, height, 0, height]], height, width).rle
    (polygon,) = polygons_with_holes(square)
    assert polygon.outer.tolist() == [[0, 0], [width, 0], [width, height], [0, height]]
    assert polygons_to_rle([polygon], height, width) == square


@pytest.mark.parametrize(
    ("ring", "message"),
    [([[0, 0], [4, 1], [4, 4]], "neither horizontal nor vertical"), ([[0, 0], [9, 0], [9, 2], [0, 2]], "leaves")],
)
def test_a_ring_that_pixels_do_not_have_is_refused(ring: list[list[int]], message: str):
    with pytest.raises(ValueError, match=message):
        polygons_to_rle([PolygonWithHoles(np.array(ring))], 4, 5)


def test_outlines_that_cannot_be_drawn_take_no_memory():
    width = 1 << 27
    with pytest.raises(BadSegmentation, match="has outlines of over 5,000,000 pixels") as caught:
        polygons_with_holes(compress(np.array([0, width]), 1, width))
    assert caught.value.code == "polygon_bomb"
