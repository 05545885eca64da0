"""Holes of masks."""

import numpy as np
import pytest

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


def test_a_mask_without_pixels_has_none() -> None:
    assert count_holes(np.zeros((0, 0), np.bool_)) == 0
