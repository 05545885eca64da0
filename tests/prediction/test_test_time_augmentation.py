"""Averages over views equal sums written out, with invented models."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from maskwright.errors import UsageError
from maskwright.images.resize import InputSize
from maskwright.prediction.semantic import predict_label_maps, predict_logits, predict_pixels
from maskwright.prediction.test_time_augmentation import Views, mean_probabilities, scale_input_size
from tests.prediction.invented import Local, random_image


def softmax(logits: torch.Tensor) -> np.ndarray:
    powers = np.exp(logits.numpy().astype(np.float64))
    return powers / powers.sum(axis=0)


@pytest.mark.parametrize("size", [(37, 53), (8, 8), (40, 64)])
def test_the_mirror_image_changes_nothing_for_a_model_that_treats_left_and_right_alike(size: tuple[int, int]) -> None:
    image, seen = random_image(size), InputSize(True, 24)
    ((plain,), (flipped,)) = (
        predict_pixels(Local(), [image], seen, views=views) for views in (Views(), Views(flip=True))
    )
    assert np.array_equal(flipped.label_map, plain.label_map)
    np.testing.assert_allclose(flipped.confidence, plain.confidence, atol=1e-6)


def test_the_mirror_image_counts_as_much_as_the_image() -> None:
    model, image, seen = Local(symmetric=False), random_image((21, 33)), InputSize(True, 16)
    mirrored = next(predict_logits(model, [np.ascontiguousarray(image[:, ::-1])], seen)).flip(-1)
    expected = (softmax(next(predict_logits(model, [image], seen))) + softmax(mirrored)) / 2
    (found,) = predict_pixels(model, [image], seen, views=Views(flip=True))
    # Resizing the mirror image rounds colours its own way.
    np.testing.assert_allclose(found.confidence, expected.max(axis=0), atol=0.02)
    clear = np.diff(np.sort(expected, axis=0)[-2:], axis=0)[0] > 0.05
    assert clear.mean() > 0.5
    assert np.array_equal(found.label_map[clear], expected.argmax(axis=0)[clear])


def test_one_scale_of_1_is_the_plain_prediction_bit_for_bit() -> None:
    model, image, seen = Local(), random_image((30, 45)), InputSize(False, 24)
    (plain,) = predict_pixels(model, [image], seen)
    (once,) = predict_pixels(model, [image], seen, views=Views(scales=(1,)))
    assert all(np.array_equal(one, other) for one, other in zip(plain, once, strict=True))
    assert np.array_equal(plain.label_map, predict_label_maps(model, [image], seen)[0])
    np.testing.assert_allclose(
        plain.confidence, softmax(next(predict_logits(model, [image], seen))).max(axis=0), rtol=1e-5
    )


def test_the_same_scale_twice_is_once() -> None:
    model, image, seen = Local(), random_image((30, 45)), InputSize(True, 24)
    (plain,) = predict_pixels(model, [image], seen)
    (twice,) = predict_pixels(model, [image], seen, views=Views(scales=(1, 1)))
    assert np.array_equal(plain.label_map, twice.label_map)
    np.testing.assert_allclose(plain.confidence, twice.confidence, rtol=1e-5)


def test_scales_are_averaged_as_probabilities_not_as_logits() -> None:
    by_size = {24: torch.tensor([4.0, 0.0]), 36: torch.tensor([-1.0, 0.0]), 12: torch.tensor([-1.5, 0.0])}
    seen: list[int] = []

    def logits(size: InputSize, flip: bool) -> list[torch.Tensor]:
        seen.append(size.size)
        return [by_size[size.size].view(2, 1, 1)]

    (found,) = mean_probabilities(logits, InputSize(True, 24), Views(scales=(0.5, 1, 1.5)))
    expected = sum(1 / (1 + np.exp(-float(first))) for first, _ in by_size.values()) / 3
    assert seen == [12, 24, 36]
    assert found[0].item() == pytest.approx(expected, abs=1e-6)
    assert found.sum().item() == pytest.approx(1)


def test_a_model_sees_the_scaled_image() -> None:
    class Spy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight, self.shapes = nn.Parameter(torch.zeros(1)), []

        def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
            self.shapes.append(tuple(images.shape[-2:]))
            return {"logits": torch.zeros(1, 2, 5, 5)}

    spy = Spy()
    views = Views(flip=True, scales=(0.5, 1, 2))
    predict_pixels(spy, [random_image((30, 60))], InputSize(False, 20, multiple=16, longest=80), views=views)
    assert spy.shapes == [(16, 32), (16, 32), (32, 48), (32, 48), (48, 80), (48, 80)]


@pytest.mark.parametrize("size", [InputSize(True, 24), InputSize(False, 20, 16, 33), InputSize(True, 7, 8)])
def test_a_scale_of_1_is_the_input_size(size: InputSize) -> None:
    assert scale_input_size(size, 1) == size
    assert scale_input_size(size, 1e-9).size == 1


@pytest.mark.parametrize("views", [Views(flip=True), Views(scales=(1, 2)), Views(scales=(2,)), Views(window=16)])
def test_what_averages_says_so(views: Views) -> None:
    assert not views.plain
    assert str(views)


def test_plain_says_nothing() -> None:
    assert Views().plain
    assert str(Views(overlap=0.5)) == ""


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"scales": ()}, "scales"),
        ({"scales": (0.0,)}, "scales"),
        ({"window": 0}, "window"),
        ({"overlap": 1.0}, "overl"),
    ],
)
def test_values_that_show_nothing_are_refused(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        Views(**wrong)
