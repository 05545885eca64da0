"""The weight of a pixel: its class weight times its boundary weight, and 0 where ignored."""

import numpy as np
import torch

from maskwright.models.losses.boundary import boundary_weights
from maskwright.models.losses.pixel_weights import pixel_weights

IGNORE = 65535
LABELS = torch.tensor([[[0, 0, 2, IGNORE], [1, 1, 2, IGNORE]]])
CLASSES = torch.tensor([0.5, 4.0, 2.0])


def test_without_options_every_pixel_that_counts_weighs_one() -> None:
    assert pixel_weights(LABELS, IGNORE).tolist() == [[[1, 1, 1, 0], [1, 1, 1, 0]]]


def test_a_pixel_weighs_what_its_class_does_and_an_ignored_one_nothing() -> None:
    assert pixel_weights(LABELS, IGNORE, CLASSES).tolist() == [[[0.5, 0.5, 2, 0], [4, 4, 2, 0]]]


def test_the_border_multiplies_the_class() -> None:
    both = pixel_weights(LABELS, IGNORE, CLASSES, boundary_weight=2.0, boundary_sigma=1.0).numpy()
    border = boundary_weights(LABELS, IGNORE, 2.0, 1.0).numpy()
    np.testing.assert_allclose(both, pixel_weights(LABELS, IGNORE, CLASSES).numpy() * border, rtol=1e-6)
