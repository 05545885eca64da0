"""Boundary weights against distances computed for every pair of pixels."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from maskwright.models.losses.boundary import boundary_weights, touches_another

IGNORE = 255
MAPS = hnp.arrays(np.int64, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([0, 1, 2, 255]))


def border_by_hand(labels: np.ndarray) -> np.ndarray:
    border = np.zeros(labels.shape, bool)
    for row, column in np.ndindex(*labels.shape):
        around = labels[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        others = around[(around != IGNORE) & (around != labels[row, column])]
        border[row, column] = labels[row, column] != IGNORE and others.size > 0
    return border


@given(MAPS)
@settings(max_examples=60)
def test_a_pixel_is_on_a_border_when_a_neighbour_has_another_known_class(labels: np.ndarray) -> None:
    assert np.array_equal(touches_another(torch.from_numpy(labels)[None], IGNORE)[0].numpy(), border_by_hand(labels))


@given(MAPS, st.sampled_from([0.7, 1.0, 2.5]))
@settings(max_examples=60)
def test_weights_fall_with_the_distance_from_the_border_as_the_formula_says(labels: np.ndarray, sigma: float) -> None:
    border = np.argwhere(border_by_hand(labels))
    expected = np.ones(labels.shape)
    for pixel in np.ndindex(*labels.shape) if len(border) else ():
        distance = np.abs(border - pixel).max(axis=1).min()
        if distance <= np.ceil(3 * sigma):
            expected[pixel] += 4 * np.exp(-(distance**2) / (2 * sigma**2))
    ours = boundary_weights(torch.from_numpy(labels)[None], IGNORE, 4.0, sigma)[0].numpy()
    np.testing.assert_allclose(ours, expected, rtol=1e-6)


@pytest.mark.parametrize("label", [0, 3, IGNORE])
def test_a_map_of_one_class_has_no_border(label: int) -> None:
    labels = torch.full((1, 6, 8), label)
    labels[:, 2:4, 3:5] = IGNORE
    assert torch.equal(boundary_weights(labels, IGNORE, 5.0, 2.0), torch.ones(1, 6, 8))
