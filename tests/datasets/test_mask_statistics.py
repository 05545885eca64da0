"""Pixel counts equal counting one label at a time."""

import numpy as np
import pytest

from maskwright.datasets.mask_statistics import count_pixels
from maskwright.errors import DataError


@pytest.mark.parametrize(("dtype", "classes", "ignore"), [(np.uint8, 5, 255), (np.uint16, 300, 65535)])
def test_counts_are_those_of_each_label_and_ignored_pixels_do_not_count(dtype: type, classes: int, ignore: int) -> None:
    labels = np.random.default_rng(0).integers(0, classes + 1, (40, 31)).astype(dtype)
    labels[5:9, 4:20] = ignore
    counts = count_pixels(labels, classes, ignore)
    assert counts.tolist() == [int((labels == label).sum()) for label in range(classes + 1)]
    assert counts.sum() == labels.size - 4 * 16


def test_a_map_of_background_alone_has_a_count_for_every_class() -> None:
    assert count_pixels(np.zeros((3, 4), np.uint8), 2, 255).tolist() == [12, 0, 0]


def test_a_label_that_is_no_class_is_named() -> None:
    labels = np.array([[0, 1], [7, 9]], np.uint8)
    with pytest.raises(DataError, match=r"labels 7, 9; expected 0 to 2, or 255"):
        count_pixels(labels, 2, 255)
