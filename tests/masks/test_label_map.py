"""Label maps against painting whole decoded masks, pixel by pixel."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as oracle

from maskwright.masks.label_map import boxes_of, draw_label_map, paint_mask_in_box
from maskwright.masks.overlap import OVERLAP_RULES
from maskwright.masks.rle import rasterise

Mask = npt.NDArray[np.uint8]
WEIGHTS = {1: 2.0, 2: 0.5, 3: 2.0}


def encode(mask: Mask) -> Any:
    return oracle.encode(np.asfortranarray(mask))


def painted(masks: list[Mask], labels: list[int], rule: str, ignored: list[Mask], size: tuple[int, int]) -> npt.NDArray:
    """Each pixel asks every object that covers it; no order of painting is involved."""
    expected = np.zeros(size, np.int64)
    for row, column in np.ndindex(*size):
        covering = [i for i, mask in enumerate(masks) if mask[row, column]]
        if covering:
            rank = {
                "last": lambda i: i,
                "first": lambda i: -i,
                "smallest": lambda i: (-masks[i].sum(dtype=int), i),
                "highest-index": lambda i: (labels[i], i),
                "priority": lambda i: (WEIGHTS[labels[i]], i),
            }[rule]
            expected[row, column] = labels[max(covering, key=rank)]
        elif any(mask[row, column] for mask in ignored):
            expected[row, column] = 255
    return expected


@st.composite
def scenes(draw: st.DrawFn) -> tuple[tuple[int, int], list[Mask], list[int], list[Mask]]:
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    # Rectangles overlap often and touch borders; arbitrary pixels have many runs.
    rectangle = st.tuples(*(st.integers(0, side) for side in (size[0], size[0], size[1], size[1])))
    mask = arrays(np.uint8, size, elements=st.integers(0, 1)) | rectangle.map(lambda sides: _rectangle(size, *sides))
    masks = draw(st.lists(mask, max_size=5))
    labels = draw(st.lists(st.integers(1, 3), min_size=len(masks), max_size=len(masks)))
    return size, masks, labels, draw(st.lists(mask, max_size=2))


def _rectangle(size: tuple[int, int], top: int, bottom: int, left: int, right: int) -> Mask:
    mask = np.zeros(size, np.uint8)
    mask[top:bottom, left:right] = 1
    return mask


@pytest.mark.parametrize("rule", OVERLAP_RULES)
@settings(max_examples=50)
@given(scenes())
@example(((3, 4), [np.ones((3, 4), np.uint8), np.zeros((3, 4), np.uint8)], [1, 2], []))
def test_every_pixel_belongs_to_the_winner_of_the_rule(rule: str, scene: Any):
    size, masks, labels, ignored = scene
    drawn = draw_label_map(
        size,
        [encode(mask) for mask in masks],
        labels,
        [int(mask.sum()) for mask in masks],
        rule=rule,
        weights=[WEIGHTS[label] for label in labels],
        ignored=[encode(mask) for mask in ignored],
    )
    assert drawn.dtype == np.uint8
    assert drawn.tolist() == painted(masks, labels, rule, ignored, size).tolist()


def test_labels_beyond_255_are_drawn_in_sixteen_bits():
    one = np.ones((2, 3), np.uint8)
    drawn = draw_label_map((2, 3), [encode(one)], [300], [6], ignore_index=65535, dtype=np.uint16)
    assert drawn.tolist() == [[300] * 3] * 2


def test_a_crowd_is_ignored_in_sixteen_bits_as_65535():
    one = np.ones((2, 3), np.uint8)
    drawn = draw_label_map((2, 3), [], [], [], ignored=[encode(one)], ignore_index=65535, dtype=np.uint16)
    assert drawn.tolist() == [[65535] * 3] * 2


def test_painting_leaves_the_other_pixels_as_they_were():
    canvas = np.full((5, 4), 7, np.uint8)
    mask = np.zeros((4, 5), np.uint8)
    mask[1:3, 2:4] = 1
    paint_mask_in_box(canvas, encode(mask), *boxes_of([encode(mask)]), 9)
    assert canvas.T.tolist() == np.where(mask, 9, 7).tolist()


def test_runs_of_length_zero_paint_nothing():
    canvas = np.zeros((5, 4), np.uint8)
    rle = rasterise({"size": [4, 5], "counts": [0, 0, 3, 2, 15, 0]}, 4, 5).rle
    paint_mask_in_box(canvas, rle, *boxes_of([rle]), 9)
    assert canvas.ravel().tolist() == [0] * 3 + [9] * 2 + [0] * 15
