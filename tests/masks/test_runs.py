from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as oracle

from maskwright.masks.rle import BadSegmentation, rasterise, run_lengths
from maskwright.masks.runs import measure_runs

MASKS = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda size: arrays.arrays(np.uint8, size, elements=st.integers(0, 1))
)


@settings(max_examples=80)
@given(st.lists(st.tuples(MASKS, st.booleans(), st.integers(1, 40)), min_size=1, max_size=8))
def test_areas_and_boxes_are_those_of_pycocotools(scenes: list[tuple[npt.NDArray[np.uint8], bool, int]]):
    # Taller images have runs of several code bytes.
    rles = [oracle.encode(np.asfortranarray(np.repeat(mask, scale, axis=0))) for mask, _, scale in scenes]
    counts = [
        rle["counts"] if compressed else run_lengths(rle).tolist()
        for rle, (_, compressed, _) in zip(rles, scenes, strict=True)
    ]
    heights, widths = zip(*(rle["size"] for rle in rles), strict=True)
    found = measure_runs(counts, heights, widths)
    assert found.sound.all()
    assert found.areas.tolist() == oracle.area(rles).tolist()
    boxes = oracle.toBbox(rles)
    boxes[:, 2:] += boxes[:, :2]
    there = found.areas > 0
    np.testing.assert_array_equal(found.bounds[there], boxes[there])


TEXTS = st.text(st.sampled_from("0123456789:;?@ANO\\`ao~ \x00"), min_size=1, max_size=12)
NUMBERS = st.lists(st.integers(-3, 60), min_size=1, max_size=6)


@settings(max_examples=150)
@given(st.lists(TEXTS | NUMBERS, min_size=1, max_size=6), st.integers(1, 6), st.integers(1, 6))
def test_sound_is_what_can_be_drawn(counts: list[str | list[int]], height: int, width: int):
    given_counts: list[Any] = [each.encode() if isinstance(each, str) else each for each in counts]
    sound = measure_runs(given_counts, [height] * len(counts), [width] * len(counts)).sound
    assert sound.tolist() == [is_drawn(each, height, width) for each in counts]


def is_drawn(counts: str | list[int], height: int, width: int) -> bool:
    try:
        rasterise({"size": [height, width], "counts": counts}, height, width)
    except BadSegmentation:
        return False
    return True


@pytest.mark.parametrize("counts", [b"", [], b"o", b"O", b"\xff\x20", b"oooooooooooooooo0", [17], [0, 8]], ids=str)
def test_what_is_no_rle_of_the_image_is_not_sound_and_spoils_no_other(counts: bytes | list[int]):
    found = measure_runs([[4, 8, 4], counts, b"484"], [4] * 3, [4] * 3)
    assert found.sound.tolist() == [True, False, True]
    assert (found.areas[0], found.areas[2]) == (8, 8)


def test_more_rles_than_are_measured_at_once_come_out_in_their_order():
    sizes = [number % 9 for number in range(1200)]
    counts = [[0, size, 9 - size] if size else [9] for size in sizes]
    found = measure_runs(counts, [3] * len(counts), [3] * len(counts))
    assert found.sound.all()
    assert found.areas.tolist() == sizes
