"""Windows over odd image sizes, and the mean of their probabilities."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.images.resize import InputSize
from maskwright.prediction.semantic import predict_pixels
from maskwright.prediction.sliding_window import Block, Image, predict_windows, spans
from maskwright.prediction.test_time_augmentation import Views
from tests.prediction.invented import Local, random_image

ODD = (1, 2, 15, 16, 17, 31, 33, 47, 64, 101)


def joined(found: Iterable[tuple[Block, torch.Tensor]], shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities of all blocks together, and the number of blocks that hold each pixel."""
    whole, times = np.zeros(shape), np.zeros(shape[1:], int)
    for (rows, columns), probabilities in found:
        whole[:, rows, columns] = probabilities.numpy()
        times[rows, columns] += 1
    return whole, times


@settings(max_examples=200)
@given(st.integers(1, 400), st.integers(1, 120), st.floats(0, 0.99))
def test_windows_cover_a_side_and_share_what_was_asked(side: int, window: int, overlap: float) -> None:
    found = spans(side, window, overlap)
    assert found[0].start == 0
    assert found[-1].stop == side
    assert {s.stop - s.start for s in found} == {min(side, window)}
    for one, other in pairwise(found):
        step = other.start - one.start
        assert 0 < step <= max(1, window * (1 - overlap))


@pytest.mark.parametrize(("side", "expected"), [(10, [0]), (11, [0, 1]), (20, [0, 10]), (21, [0, 5, 11])])
def test_windows_are_as_few_as_can_be(side: int, expected: list[int]) -> None:
    assert [span.start for span in spans(side, 10, 0)] == expected


@pytest.mark.parametrize("window", [1, 16, 24])
@pytest.mark.parametrize(("overlap", "batch"), [(0, 1), (0.25, 3), (0.9, 100)])
def test_every_pixel_is_in_one_block_with_its_own_mean(window: int, overlap: float, batch: int) -> None:
    sizes = [(h, w) for h in ODD for w in ODD if h * w < 40 * window * window][::3]
    for height, width in sizes:
        # Each window says where it lies, so that a pixel's mean tells whether it came from its own place.
        image = np.zeros((height, width, 3), np.uint8)
        image[..., 0], image[..., 1] = np.arange(height)[:, None], np.arange(width)
        found = predict_windows(
            lambda parts: [torch.from_numpy(part).permute(2, 0, 1).double() for part in parts],
            image,
            window,
            overlap,
            batch,
        )
        whole, times = joined(found, (3, height, width))
        assert (times == 1).all()
        np.testing.assert_allclose(np.moveaxis(whole, 0, 2), image, atol=1e-9)


@pytest.mark.parametrize(
    ("size", "window", "overlap"), [((37, 53), 16, 0.5), ((20, 90), 24, 0.0), ((64, 31), 30, 0.75)]
)
def test_a_pixel_has_the_mean_over_the_windows_that_hold_it(size: tuple[int, int], window: int, overlap: float) -> None:
    image, generator = random_image(size), np.random.default_rng(1)
    answers: list[np.ndarray] = []

    def predict(parts: Sequence[Image]) -> list[torch.Tensor]:
        assert len(parts) <= 2
        answers.extend(generator.random((3, *part.shape[:2])) for part in parts)
        return [torch.from_numpy(answer) for answer in answers[-len(parts) :]]

    found, _ = joined(predict_windows(predict, image, window, overlap, 2), (3, *size))
    total, times = np.zeros((3, *size)), np.zeros(size)
    places = [(r, c) for r in spans(size[0], window, overlap) for c in spans(size[1], window, overlap)]
    for (rows, columns), answer in zip(places, answers, strict=True):
        total[:, rows, columns] += answer
        times[rows, columns] += 1
    assert times.min() >= 1
    np.testing.assert_allclose(found, total / times, atol=1e-12)


def test_memory_grows_with_the_shared_rows_and_not_with_the_height(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    new_zeros = torch.Tensor.new_zeros

    def noted(tensor: torch.Tensor, size: tuple[int, ...], **options: Any) -> torch.Tensor:
        made.append(math.prod(size))
        return new_zeros(tensor, size, **options)

    monkeypatch.setattr(torch.Tensor, "new_zeros", noted)
    most = []
    for height in (112, 1024):
        made.clear()
        answer, image = torch.ones(4, 64, 64), np.zeros((height, 640, 3), np.uint8)
        assert all(block for block, _ in predict_windows(lambda parts, one=answer: [one] * len(parts), image, 64, 0.25))
        most.append(max(made))
    assert most[0] == 4 * 640 * 64 / 4  # a quarter of the rows of a window
    assert most[1] <= most[0]


@pytest.mark.parametrize("window", [64, 65, 1000])
@pytest.mark.parametrize("seen", [InputSize(True, 24), InputSize(False, 24)])
def test_a_window_that_covers_the_image_is_the_whole_image(window: int, seen: InputSize) -> None:
    model, image = Local(), random_image((64, 47))
    ((plain,), (windowed,)) = (
        predict_pixels(model, [image], seen, views=views) for views in (Views(), Views(window=window))
    )
    assert np.array_equal(plain.label_map, windowed.label_map)
    np.testing.assert_allclose(plain.confidence, windowed.confidence, rtol=1e-5)


@pytest.mark.parametrize(("batch", "together"), [(1, [1, 1]), (8, [2])])
def test_a_window_shows_the_model_a_part_as_large_as_the_input(batch: int, together: list[int]) -> None:
    class Spy(Local):
        def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
            shapes.append(tuple(images.shape))
            return super().forward(images)

    shapes: list[tuple[int, ...]] = []
    views = Views(window=50, overlap=0)
    (found,) = predict_pixels(Spy(), [random_image((50, 90))], InputSize(True, 32), np.uint16, views, batch)
    assert shapes == [(count, 3, 32, 32) for count in together]
    assert found.label_map.shape == found.confidence.shape == (50, 90)
    assert found.label_map.dtype == np.uint16
