import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torchvision.models.detection.transform import GeneralizedRCNNTransform

from maskwright.images.resize import (
    InputSize,
    detectron2_size,
    fit_short_side,
    resize_image,
    resize_label_map,
    torchvision_size,
)

SIDES = st.integers(1, 40)


def test_shrinking_an_image_averages_areas():
    image = np.random.default_rng(0).integers(0, 256, (8, 12, 3)).astype(np.uint8)
    means = image.reshape(4, 2, 6, 2, 3).mean(axis=(1, 3))
    assert np.abs(resize_image(image, (4, 6)) - means).max() <= 0.5


def test_growing_an_image_interpolates_between_neighbours():
    image = np.zeros((1, 2, 3), np.uint8)
    image[:, 1] = 200
    # Centres of the new pixels lie at -0.25, 0.25, 0.75 and 1.25 of the old.
    assert resize_image(image, (1, 4))[0, :, 0].tolist() == [0, 50, 150, 200]


@settings(max_examples=40)
@given(SIDES, SIDES, SIDES, SIDES, st.sampled_from([np.uint8, np.uint16]))
def test_a_label_map_takes_the_nearest_pixel(height: int, width: int, new_height: int, new_width: int, dtype: type):
    for side, new, axis in ((height, new_height, 0), (width, new_width, 1)):
        position = np.broadcast_to(np.expand_dims(np.arange(side), 1 - axis), (height, width)).astype(dtype)
        taken = resize_label_map(position, (new_height, new_width))
        # In pixel centres; halfway between two pixels both are nearest.
        exact = np.expand_dims((np.arange(new) + 0.5) * side / new - 0.5, 1 - axis)
        assert taken.dtype == dtype
        assert np.abs(taken - exact).max() <= 0.5 + 1e-9


@pytest.mark.parametrize(
    ("size", "short", "longest", "expected"),
    [
        ((480, 640), 800, 1333, (800, 1067)),
        ((640, 480), 800, 1333, (1067, 800)),
        ((427, 640), 800, 1333, (800, 1199)),
        ((300, 900), 800, 1333, (444, 1333)),
        ((500, 500), 256, None, (256, 256)),
    ],
)
def test_the_short_side_is_set_and_the_long_side_bounded_as_in_detectron2(size, short, longest, expected):
    assert fit_short_side(size, short, longest=longest) == expected


@settings(max_examples=60)
@given(st.integers(20, 2000), st.integers(20, 2000), st.sampled_from([1, 16, 32]))
def test_sides_are_multiples_and_at_most_one_multiple_too_long(height: int, width: int, multiple: int):
    resized = fit_short_side((height, width), 256, multiple)
    scale = 256 / min(height, width)
    for side, new in zip((height, width), resized, strict=True):
        assert new % multiple == 0
        assert -0.5 <= new - side * scale < multiple + 0.5


def test_a_thin_image_keeps_at_least_one_multiple():
    assert fit_short_side((1, 5000), 64, multiple=16, longest=128) == (16, 128)


def test_a_square_input_ignores_the_aspect_ratio_and_is_rounded_up():
    assert InputSize(square=True, size=250, multiple=16).of((480, 640)) == (256, 256)


def test_a_short_side_input_keeps_the_aspect_ratio():
    assert InputSize(square=False, size=384, multiple=16).of((480, 640)) == (384, 512)
    assert InputSize(square=False, size=800, longest=1333).of((300, 900)) == (444, 1333)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((500, 299), (1333, 797)),
        ((375, 500), (800, 1067)),
        ((480, 640), (800, 1067)),
        ((640, 427), (1199, 800)),
        ((100, 1000), (133, 1333)),
        ((800, 800), (800, 800)),
    ],
)
def test_detectron2_makes_the_short_side_800_and_the_long_one_at_most_1333(size, expected):
    assert detectron2_size(size, 800, 1333) == expected
    assert InputSize(False, 800, longest=1333, rule="detectron2").of(size) == expected


def test_detectron2_rounds_a_half_pixel_up_not_to_even():
    assert detectron2_size((2, 5), 1, 100) == (1, 3)
    assert detectron2_size((5, 2), 1, 100) == (3, 1)
    assert round(2.5) == 2


@settings(max_examples=200, deadline=None)
@given(st.integers(20, 900), st.integers(20, 900), st.integers(16, 400), st.integers(16, 600))
def test_torchvision_rounds_sides_down(height: int, width: int, short: int, longest: int):
    assume(min(short / min(height, width), longest / max(height, width)) * min(height, width) >= 1)
    theirs, _ = GeneralizedRCNNTransform(short, longest, [0.0], [1.0]).eval().resize(torch.zeros(1, height, width))
    assert torchvision_size((height, width), short, longest) == tuple(theirs.shape[1:])
    assert InputSize(False, short, longest=longest, rule="torchvision").of((height, width)) == tuple(theirs.shape[1:])


def test_a_sliver_keeps_a_pixel():
    assert detectron2_size((2, 4000), 64, 96) == torchvision_size((2, 4000), 64, 96) == (1, 96)


def test_without_a_limit_the_long_side_is_free():
    assert detectron2_size((100, 1000), 50, None) == torchvision_size((100, 1000), 50, None) == (50, 500)
