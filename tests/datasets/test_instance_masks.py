"""Masks at the training resolution: scaled polygons by COCO's rule, an RLE by the nearest pixel."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as oracle

from maskwright.datasets.instance_masks import Outline, rasterise_masks
from maskwright.structures import Instances

SIZE = (40, 57)
POLYGONS: list[list[list[float]]] = [
    [[3.5, 2, 30, 4.25, 22, 30.5]],
    [[5, 5, 15, 5, 15, 20, 5, 20], [30, 10, 50, 10, 50, 38, 30, 38]],  # two parts
    [[20, 20, 22, 20, 22, 21, 20, 21]],
    [[-5, 30, 20, 30, 20, 60, -5, 60]],  # reaches outside
]
SIZES = [(40, 57), (20, 28), (80, 114), (53, 31), (7, 9), (200, 285)]


def rle(polygons: list[list[float]], size: tuple[int, int]) -> Any:
    return oracle.merge(oracle.frPyObjects(polygons, *size))


def truth(polygons: list[list[list[float]]] = POLYGONS) -> Instances:
    count = len(polygons)
    masks = [rle(each, SIZE) for each in polygons]
    return Instances(SIZE, np.zeros((count, 4), np.float32), np.ones(count, np.int64), masks)


def outlines(polygons: list[list[list[float]]] = POLYGONS) -> tuple[Outline, ...]:
    return tuple(json.dumps(each).encode() for each in polygons)


@pytest.mark.parametrize("size", SIZES)
def test_polygons_are_drawn_as_pycocotools_draws_the_scaled_ones(size: tuple[int, int]) -> None:
    drawn = rasterise_masks(truth(), outlines(), size).numpy()
    assert drawn.shape == (4, *size)
    factors = size[1] / SIZE[1], size[0] / SIZE[0]
    for mask, polygons in zip(drawn, POLYGONS, strict=True):
        scaled = [[value * factors[i % 2] for i, value in enumerate(points)] for points in polygons]
        assert np.array_equal(mask, oracle.decode(rle(scaled, size)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-5, 60), min_size=6, max_size=12).filter(lambda p: len(p) % 2 == 0), st.sampled_from(SIZES))
def test_any_polygon_is(points: list[float], size: tuple[int, int]) -> None:
    drawn = rasterise_masks(truth([[points]]), outlines([[points]]), size)[0].numpy()
    factors = size[1] / SIZE[1], size[0] / SIZE[0]
    scaled = [value * factors[i % 2] for i, value in enumerate(points)]
    assert np.array_equal(drawn, oracle.decode(rle([scaled], size)))


def test_at_its_own_size_a_mask_is_the_annotations() -> None:
    for given_outlines in (outlines(), ()):
        drawn = rasterise_masks(truth(), given_outlines, SIZE).numpy()
        assert np.array_equal(drawn, np.stack([oracle.decode(mask) for mask in truth().masks]))


@pytest.mark.parametrize("size", SIZES)
def test_without_polygons_every_pixel_is_the_nearest_of_the_rle(size: tuple[int, int]) -> None:
    expected = np.stack([oracle.decode(mask) for mask in truth().masks])
    rows = np.minimum(((np.arange(size[0]) + 0.5) * SIZE[0] / size[0]).astype(int), SIZE[0] - 1)
    columns = np.minimum(((np.arange(size[1]) + 0.5) * SIZE[1] / size[1]).astype(int), SIZE[1] - 1)
    drawn = rasterise_masks(truth(), (None,) * 4, size).numpy()
    assert np.array_equal(drawn, expected[:, rows][:, :, columns])


def test_drawing_is_truer_than_resizing_what_was_drawn() -> None:
    # Ground truth: the polygon at sixteen times the size, averaged.
    small = (10, 14)
    large = (small[0] * 16, small[1] * 16)
    factors = large[1] / SIZE[1], large[0] / SIZE[0]
    errors = np.zeros(2)
    for polygons in POLYGONS[:2]:
        scaled = [[value * factors[i % 2] for i, value in enumerate(points)] for points in polygons]
        fine = oracle.decode(rle(scaled, large)).reshape(small[0], 16, small[1], 16).mean(axis=(1, 3))
        ways = [rasterise_masks(truth([polygons]), given_, small)[0].numpy() for given_ in (outlines([polygons]), ())]
        errors += [np.abs(way - fine).sum() for way in ways]
    assert errors[0] <= errors[1]


@pytest.mark.parametrize(
    "text", [b"[[1, 2, 3, 4]]", b"[]", b"[[1, 2, 3, 4, 5, 6, 7]]", b"[1, 2]", b"[[", b'[["a", 1]]']
)
def test_polygons_that_cannot_be_drawn_leave_the_rle(text: bytes) -> None:
    drawn = rasterise_masks(truth()[:1], (text,), (20, 28))
    assert torch.equal(drawn, rasterise_masks(truth()[:1], (), (20, 28)))
    assert drawn.any()


def test_no_objects_have_no_masks() -> None:
    assert rasterise_masks(Instances.empty(SIZE), (), (20, 28)).shape == (0, 20, 28)
