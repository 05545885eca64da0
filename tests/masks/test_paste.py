"""Pasted regions against pycocotools' encoding of the dense image."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as oracle

from maskwright.masks.paste import cropped_to_rle

Region = npt.NDArray[np.bool_]


def pasted(region: Region, top: int, left: int, size: tuple[int, int]) -> Any:
    dense = np.zeros(size, np.uint8)
    dense[top : top + region.shape[0], left : left + region.shape[1]] = region
    return oracle.encode(np.asfortranarray(dense))


@st.composite
def placements(draw: st.DrawFn) -> tuple[Region, int, int, tuple[int, int]]:
    rows, columns = draw(st.integers(0, 8)), draw(st.integers(0, 8))
    margins = [draw(st.sampled_from([0, 0, 1, 3])) for _ in range(4)]
    top, left = margins[0], margins[1]
    size = (max(1, top + rows + margins[2]), max(1, left + columns + margins[3]))
    region = draw(arrays(np.bool_, (rows, columns)) | st.just(np.ones((rows, columns), np.bool_)))
    return region, top, left, size


@settings(max_examples=200)
@given(placements())
def test_a_region_anywhere_is_encoded_as_pycocotools_encodes_the_whole_image(placement: Any):
    region, top, left, size = placement
    assert cropped_to_rle(region, top, left, size) == pasted(region, top, left, size)


@pytest.mark.parametrize(
    ("rows", "columns", "top", "left"),
    [(9, 11, 0, 0), (9, 3, 0, 8), (9, 3, 0, 4), (2, 11, 7, 0), (2, 11, 3, 0), (1, 1, 8, 10), (1, 1, 0, 0)],
    ids=["whole image", "right columns", "middle columns", "bottom rows", "middle rows", "last pixel", "first pixel"],
)
def test_full_regions_at_the_borders_join_their_columns(rows: int, columns: int, top: int, left: int):
    region = np.ones((rows, columns), np.bool_)
    assert cropped_to_rle(region, top, left, (9, 11)) == pasted(region, top, left, (9, 11))


def test_an_empty_region_is_an_empty_mask():
    region = np.zeros((3, 4), np.bool_)
    assert cropped_to_rle(region, 2, 2, (9, 11)) == pasted(region, 2, 2, (9, 11))
    assert oracle.area(cropped_to_rle(region, 2, 2, (9, 11))) == 0
