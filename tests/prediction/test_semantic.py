"""Semantic prediction with invented models: sizes, input, and resizing of logits instead of labels."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from maskwright.errors import NotFinite
from maskwright.images.resize import InputSize
from maskwright.prediction.semantic import predict_label_maps, predict_logits, predict_pixels
from maskwright.prediction.test_time_augmentation import Views


class Fixed(nn.Module):
    """A model that returns the same ``logits`` ``(K+1, h, w)`` for every image and keeps its input."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        self.seen = images
        return {"logits": self.logits[None]}


def random_logits(classes: int, size: tuple[int, int]) -> torch.Tensor:
    return torch.randn(classes + 1, *size, generator=torch.Generator().manual_seed(2))


def resized(logits: torch.Tensor, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Bilinear by OpenCV."""
    return np.stack([cv2.resize(plane.numpy(), size[::-1], interpolation=cv2.INTER_LINEAR) for plane in logits])


@pytest.mark.parametrize("size", [(37, 53), (8, 8), (64, 40), (5, 90)])
def test_the_logits_are_resized_to_the_image(size: tuple[int, int]) -> None:
    logits = random_logits(3, (8, 8))
    image = np.zeros((*size, 3), np.uint8)
    ours = next(predict_logits(Fixed(logits), [image], InputSize(True, 8))).numpy()
    np.testing.assert_allclose(ours, resized(logits, size), atol=1e-5)


@pytest.mark.parametrize("size", [(37, 53), (64, 40), (5, 90)])
def test_the_label_map_is_the_best_of_the_resized_logits_not_the_resized_labels(size: tuple[int, int]) -> None:
    logits = random_logits(3, (8, 8))
    (ours,) = predict_label_maps(Fixed(logits), [np.zeros((*size, 3), np.uint8)], InputSize(True, 8))
    expected = resized(logits, size)
    best_two = np.sort(expected, axis=0)[-2:]
    clear = best_two[1] - best_two[0] > 1e-4
    assert clear.mean() > 0.99
    assert np.array_equal(ours[clear], expected.argmax(axis=0)[clear])
    labels = logits.argmax(dim=0).numpy().astype(np.uint8)
    coarse = cv2.resize(labels, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    assert (ours != coarse).mean() > 0.02


def test_the_model_sees_the_image_at_its_input_size_in_0_to_1() -> None:
    image = np.full((30, 60, 3), (255, 51, 0), np.uint8)
    model = Fixed(random_logits(1, (4, 4)))
    next(predict_logits(model, [image], InputSize(False, 20, multiple=16)))
    assert model.seen.shape == (1, 3, 32, 48)
    expected = torch.tensor([1.0, 0.2, 0.0]).view(1, 3, 1, 1).expand_as(model.seen)
    torch.testing.assert_close(model.seen, expected)


def test_an_image_of_the_input_size_is_not_resampled() -> None:
    image = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    model = Fixed(random_logits(1, (9, 7)))
    next(predict_logits(model, [image], InputSize(False, 7)))
    np.testing.assert_allclose(model.seen[0].numpy().transpose(1, 2, 0), image / 255, rtol=1e-6)


def test_more_than_254_classes_need_and_get_sixteen_bits() -> None:
    logits = torch.zeros(301, 4, 4)
    logits[300] = 1
    (labels,) = predict_label_maps(Fixed(logits), [np.zeros((4, 4, 3), np.uint8)], InputSize(True, 4), np.uint16)
    assert np.array_equal(labels, np.full((4, 4), 300))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("views", [Views(), Views(flip=True), Views(window=16)], ids=["plain", "flip", "window"])
def test_one_number_that_is_not_finite_is_refused_instead_of_taken_for_a_class(value: float, views: Views) -> None:
    logits = random_logits(3, (8, 8))
    image = np.zeros((20, 24, 3), np.uint8)
    for predict in (predict_label_maps, predict_pixels):
        predict(Fixed(logits), [image], InputSize(True, 8), views=views)
    logits[2, 7, 1] = value
    for predict in (predict_label_maps, predict_pixels):
        with pytest.raises(NotFinite, match=r"NaN or infinity; expected finite numbers.*lower train\.optimizer\.lr"):
            predict(Fixed(logits), [image], InputSize(True, 8), views=views)
