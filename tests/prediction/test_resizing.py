"""Resizing for networks: Pillow's antialiasing filter, the same in training and prediction."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image
from torchvision.models.detection.transform import GeneralizedRCNNTransform

from maskwright.datasets.augmentation import RandomScale
from maskwright.errors import DataError
from maskwright.images.resize import InputSize, resize_image
from maskwright.prediction.resizing import require_predictable, resize_antialiased, resized_bands, to_network_input

CPU = torch.device("cpu")
SIZES = [(17, 23), (60, 75), (40, 50), (11, 90)]


def noise(height: int = 40, width: int = 50) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def by_pillow(pixels: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.fromarray(pixels).resize(size[::-1], Image.Resampling.BILINEAR))


def planes(pixels: npt.NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)


@pytest.mark.parametrize("size", SIZES)
def test_detectron2s_pixels_are_pillows(size: tuple[int, int]) -> None:
    ours = resize_antialiased(planes(noise()), size, "detectron2")
    assert np.array_equal(ours.permute(1, 2, 0).numpy(), by_pillow(noise(), size))


@pytest.mark.parametrize("size", SIZES)
def test_all_others_are_pillows_within_two_grey_levels(size: tuple[int, int]) -> None:
    expected = by_pillow(noise(), size).astype(float)
    for ours in (resize_antialiased(planes(noise()), size), resize_antialiased(planes(noise()).float(), size)):
        assert np.abs(ours.permute(1, 2, 0).numpy() - expected).max() <= 2


def test_an_image_of_the_size_stays_the_same() -> None:
    for rule in ("nearest", "detectron2"):
        assert torch.equal(resize_antialiased(planes(noise()), (40, 50), rule), planes(noise()))  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", ["nearest", "torchvision", "detectron2"])
def test_training_and_prediction_see_the_same_pixels(rule) -> None:
    size = InputSize(False, 24, longest=60, rule=rule)
    scaling = RandomScale(size, lambda image, to: resize_antialiased(image, to, rule))
    trained = scaling.transform(planes(noise()), scaling.make_params([planes(noise())])).float() / 255
    seen = to_network_input(noise(), size, CPU)
    assert trained.shape == seen.shape == (3, 24, 30)
    # torchvision's networks see in prediction what training rounds to whole grey levels, once for each axis.
    assert (trained - seen).abs().max() <= (1 / 255 if rule == "torchvision" else 0)


def test_an_enlarged_image_is_torchvisions_own() -> None:
    transform = GeneralizedRCNNTransform(90, 200, [0.0] * 3, [1.0] * 3).eval()
    theirs, _ = transform.resize(planes(noise()).float() / 255)
    ours = to_network_input(noise(), InputSize(False, 90, longest=200, rule="torchvision"), CPU)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=3e-6)


def gradient_energy(pixels: npt.NDArray[np.uint8]) -> float:
    grey = pixels.astype(np.float64).mean(axis=2)
    return float((np.diff(grey, axis=0) ** 2).mean() + (np.diff(grey, axis=1) ** 2).mean())


def test_the_area_average_of_pictures_is_sharper_which_networks_would_notice() -> None:
    photo = cv2.resize(noise(60, 80), (640, 480), interpolation=cv2.INTER_CUBIC)
    photo = cv2.add(photo, (noise(480, 640) // 4))
    seen = (to_network_input(photo, InputSize(True, 256), CPU).permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    assert gradient_energy(resize_image(photo, (256, 256))) > 1.1 * gradient_energy(seen)
    expected = by_pillow(photo, (256, 256))
    assert gradient_energy(seen) == pytest.approx(gradient_energy(expected), rel=1e-3)


@pytest.mark.parametrize("size", [(2, 4000), (4000, 2), (1, 1)])
@pytest.mark.parametrize("rule", ["nearest", "torchvision", "detectron2"])
def test_a_sliver_of_an_image_is_resized(size: tuple[int, int], rule) -> None:
    seen = to_network_input(noise(*size), InputSize(False, 64, longest=96, rule=rule), CPU)
    assert min(seen.shape[1:]) >= 1
    assert max(seen.shape[1:]) <= 96
    assert seen.isfinite().all()


@pytest.mark.parametrize("size", [(64, 40), (301, 97), (5, 90), (33, 20)])
def test_bands_of_a_large_result_are_what_torch_interpolates(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = torch.randn(4, 33, 20, generator=torch.Generator().manual_seed(0))
    ((rows, whole),) = resized_bands(values, size)
    assert rows == slice(0, size[0])
    monkeypatch.setattr("maskwright.prediction.resizing._MANY_VALUES", 24 * 4 * size[1])
    monkeypatch.setattr("maskwright.prediction.resizing._BAND_VALUES", 3 * 4 * size[1])  # three rows at once
    bands = list(resized_bands(values, size))
    assert len(bands) == -(-size[0] // 3) if size[0] > 24 else len(bands) >= 1
    assert [row for band, _ in bands for row in range(size[0])[band]] == list(range(size[0]))
    torch.testing.assert_close(torch.cat([band for _, band in bands], dim=1), whole, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("size", "input_size", "found"),
    [
        ((8_000, 8_000), InputSize(True, 32), "it has 8000×8000 pixels"),
        ((1, 100_000), InputSize(False, 256), "the model would see it at 25600000×256 pixels"),
    ],
)
def test_an_image_that_would_fill_the_memory_is_refused_with_its_number(
    size: tuple[int, int], input_size: InputSize, found: str
) -> None:
    require_predictable((7_000, 7_000), InputSize(True, 32))
    with pytest.raises(DataError, match=rf"{found}; at most 50,000,000 are accepted; .*--limit predicted-pixels"):
        require_predictable(size, input_size)
