"""Holes of masks."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.masks.holes import count_holes


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["###", "#.#", "###"], 1),
        (["##.", "#.#", ".##"], 0),  # open at two corners
        (["#####", "#.#.#", "#####"], 2),
        (["####", "#.##", "##.#", "####"], 1),  # two pixels that touch at a corner
        (["#.", ".."], 0),
        (["..", ".."], 0),
    ],
)
def test_holes_are_what_a_mask_encloses(rows: list[str], expected: int) -> None:
    mask = np.array([[letter == "#" for letter in row] for row in rows])
    assert count_holes(mask) == expected
    assert [count_holes(mask, at_once) for at_once in (1, 10)] == [expected] * 2


@given(st.integers(0, 2**32), st.floats(0.1, 0.9), st.integers(1, 200))
def test_bands_of_a_mask_have_the_holes_of_the_whole(seed: int, share: float, at_once: int) -> None:
    generator = np.random.default_rng(seed)
    mask = generator.random(generator.integers(1, 30, 2)) < share
    outside = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
    parts, _ = cv2.connectedComponents(outside, connectivity=8)
    assert count_holes(mask, at_once) == parts - 2  # less the mask and what is outside


def test_a_mask_without_pixels_has_none() -> None:
    assert count_holes(np.zeros((0, 0), np.bool_)) == 0
