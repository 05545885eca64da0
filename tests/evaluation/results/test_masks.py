import json
from typing import Any

import msgspec
import numpy as np
import pytest
from pycocotools import mask as oracle

from maskwright.evaluation.results.masks import CompressedRle, checked_masks

SIZE = (20, 30)


def raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


def mask() -> np.ndarray:
    mask = np.zeros(SIZE, np.uint8, order="F")
    mask[3:9, 4:20] = 1
    mask[5:7, 8:10] = 0
    return mask


def checked(segmentation: Any) -> Any:
    return checked_masks({7: (segmentation, SIZE)})[7]


def test_compressed_rles_stay_as_they_are_decoded_or_raw():
    rle = oracle.encode(mask())
    text = rle["counts"].decode()
    assert checked(CompressedRle([20, 30], text)) == checked(raw({"size": [20, 30], "counts": text})) == rle


def test_run_lengths_and_polygons_become_compressed_rles():
    lengths = [int(n) for n in np.diff(np.flatnonzero(np.diff(np.r_[2, mask().ravel("F"), 2])))]
    np.testing.assert_array_equal(oracle.decode(checked(raw({"size": [20, 30], "counts": lengths}))), mask())
    square = [[2, 2, 12, 2, 12, 12, 2, 12]]
    expected = oracle.frPyObjects(square, 20, 30)[0]
    np.testing.assert_array_equal(oracle.decode(checked(raw(square))), oracle.decode(expected))


@pytest.mark.parametrize(
    ("segmentation", "words"),
    [
        ({"size": [30, 20], "counts": "abc"}, "size"),
        ({"size": [20, 30], "counts": "R"}, "add up"),
        ({"size": [20, 30], "counts": "ä"}, "add up"),
        ({"size": [20, 30], "counts": ""}, "add up"),
        ({"size": [20, 30], "counts": [600, -1, 1]}, "RLE"),
        ({"size": [20, 30], "counts": [5]}, "RLE"),
        ({"size": [20, 30]}, "counts"),
        ([], "empty"),
        ([[1, 2, 3, 4]], "polygon"),
        ("mask", "neither"),
        (7, "neither"),
    ],
)
def test_what_cannot_be_drawn_is_said(segmentation: Any, words: str):
    assert words in checked(raw(segmentation))


def test_cut_and_overlong_rles_are_found_among_good_ones():
    good = oracle.encode(mask())["counts"].decode()
    # Negative runs can make a sum come out right; only reading the runs tells.
    wrong = [good[:-2], good + "1", "`5P`U1Qhh0"]
    masks = {i: (CompressedRle([20, 30], counts), SIZE) for i, counts in enumerate([good, *wrong, good])}
    found = checked_masks(masks)
    assert [isinstance(found[i], str) for i in range(5)] == [False, True, True, True, False]
