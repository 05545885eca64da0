"""Input images: sizes rounded as in Detectron2, PIL's bilinear filter, BGR, and zero padding."""

import numpy as np
import pytest
import torch
from PIL import Image

from maskwright.models.detectron2.resizing import normalised_batch, resize, resized_size


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
def test_the_short_side_is_800_and_the_long_one_at_most_1333(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert resized_size(size, 800, 1333) == expected


def test_a_half_pixel_is_rounded_up_not_to_even() -> None:
    assert resized_size((2, 5), 1, 100) == (1, 3)
    assert resized_size((5, 2), 1, 100) == (3, 1)
    assert round(2.5) == 2


@pytest.mark.parametrize("size", [(17, 23), (60, 75), (40, 50)])
def test_the_filter_is_pils_which_averages_when_it_shrinks(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    ours = resize(torch.from_numpy(pixels).permute(2, 0, 1).float() / 255, size)
    expected = Image.fromarray(pixels).resize(size[::-1], Image.Resampling.BILINEAR)
    assert np.array_equal(ours.permute(1, 2, 0).numpy(), np.asarray(expected))


def test_every_byte_survives_the_way_through_0_to_1() -> None:
    values = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16).expand(3, -1, -1)
    assert torch.equal(resize(values.float() / 255, (16, 16)), values)


def test_colours_are_turned_round_and_the_border_is_zero_after_the_mean() -> None:
    red = torch.zeros(3, 30, 40, dtype=torch.uint8)
    red[0] = 200
    mean = torch.tensor([103.53, 116.28, 123.675]).reshape(3, 1, 1)
    batch = normalised_batch([red, red[:, :, :10]], mean, torch.tensor([1.0, 2.0, 4.0]).reshape(3, 1, 1))
    assert batch.shape == (2, 3, 32, 64)
    expected = torch.tensor([-103.53, -116.28 / 2, (200 - 123.675) / 4])
    torch.testing.assert_close(batch[0, :, 29, 39], expected)
    assert batch[0, :, 30:].abs().sum() == batch[0, :, :, 40:].abs().sum() == batch[1, :, :, 10:].abs().sum() == 0


def test_a_sliver_keeps_a_pixel() -> None:
    assert resized_size((2, 4000), 64, 96) == (1, 96)
