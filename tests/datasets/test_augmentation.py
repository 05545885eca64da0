"""Joint augmentation: image and masks get the same change, and masks get no new labels."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image
from torch.nn import functional
from torchvision import tv_tensors

from maskwright.datasets.augmentation import RandomScale, build_augmentation, resize_nearest
from maskwright.images.resize import InputSize
from maskwright.prediction.resizing import resize_antialiased

FILL = 255
# The colour of each label in the invented images; none is near another or near the colour of pixels from outside.
COLOURS = np.array([(20, 40, 60), (200, 60, 30), (40, 190, 90), (120, 110, 230)], np.uint8)
SIZES = [(40, 56), (41, 57), (64, 37), (37, 37)]
GEOMETRY: dict[str, dict[str, Any]] = {
    "flips": {"horizontal_flip": 0.5, "vertical_flip": 0.5},
    "rotation": {"rotation": 40.0},
    "square": {"input_size": InputSize(True, 48)},
    "odd square": {"input_size": InputSize(True, 61)},
    "short side": {"input_size": InputSize(False, 45, multiple=16)},
    "scale": {"input_size": InputSize(False, 50), "scale": (0.6, 1.8)},
    "crop": {"crop": 33},
    "crop larger than the image": {"crop": 70},
    "all": {
        "input_size": InputSize(False, 60),
        "scale": (0.7, 1.6),
        "crop": 49,
        "horizontal_flip": 0.5,
        "vertical_flip": 0.5,
        "rotation": 25.0,
    },
}
COLOUR: dict[str, dict[str, Any]] = {
    "brightness": {"brightness": 0.3},
    "contrast": {"contrast": 0.3},
    "saturation": {"saturation": 0.4},
    "hue": {"hue": 0.1},
}
Pair = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


def scene(size: tuple[int, int]) -> Pair:
    """An image ``(H, W, 3)`` that shows its label map in colours."""
    height, width = size
    labels = np.zeros(size, np.int64)
    labels[height // 8 : height // 2, width // 9 : width // 2] = 1
    labels[height // 3 :, 2 * width // 3 :] = 2
    rows, columns = np.mgrid[:height, :width]
    labels[(rows - 0.75 * height) ** 2 + (columns - 0.3 * width) ** 2 < (0.2 * min(size)) ** 2] = 3
    return COLOURS[labels], labels


def augment(image: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64], seed: int, **options: Any) -> Pair:
    options = {"mask_fill": FILL} | options
    size, scale = options.pop("input_size", None), options.pop("scale", (1.0, 1.0))
    resizing = None if size is None else RandomScale(size, resize_antialiased, scale)
    augmentation = build_augmentation(resizing=resizing, **options)
    torch.manual_seed(seed)
    picture = tv_tensors.Image(torch.from_numpy(image).permute(2, 0, 1))
    picture, mask = augmentation(picture, tv_tensors.Mask(torch.from_numpy(labels.astype(np.int32))))
    return picture.permute(1, 2, 0).numpy(), mask.numpy().astype(np.int64)


def away_from_borders(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Where all 5 × 5 pixels around have one label: there, interpolation mixes no colours."""
    plain, window = labels.astype(np.float32), np.ones((5, 5))
    lowest = cv2.erode(plain, window, borderType=cv2.BORDER_CONSTANT, borderValue=-1)
    highest = cv2.dilate(plain, window, borderType=cv2.BORDER_CONSTANT, borderValue=-1)
    return lowest == highest


def misfit(image: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> int:
    """The largest difference between a pixel's colour and the colour of its label, away from borders."""
    checked = away_from_borders(labels) & (labels != FILL)
    assert checked.mean() > 0.1
    return int(np.abs(image[checked].astype(int) - COLOURS[labels[checked]]).max())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("options", GEOMETRY.values(), ids=GEOMETRY)
def test_labels_stay_on_the_pixels_they_name(options: dict[str, Any], size: tuple[int, int]) -> None:
    for seed in range(4):
        image, labels = augment(*scene(size), seed, **options)
        assert image.shape[:2] == labels.shape
        assert misfit(image, labels) <= 2


def test_a_shift_of_three_pixels_would_be_noticed() -> None:
    image, labels = augment(*scene((60, 70)), 0, **GEOMETRY["all"])
    assert misfit(image, np.roll(labels, 3, axis=1)) > 50
    assert misfit(image, np.roll(labels, 3, axis=0)) > 50


def centre(weights: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The mean row and column of the pixels, each as much as it weighs."""
    places = np.indices(weights.shape).reshape(2, -1)
    return places @ weights.ravel() / weights.sum()


def marker_offsets(**options: Any) -> npt.NDArray[np.float64]:
    """How far the image's marker lies from the mask's ``(N, 2)`` on a grid of image sizes, where it was not cut."""
    offsets = []
    for height, width in itertools.product((31, 32, 47, 64), (33, 40, 57, 64)):
        labels = np.zeros((height, width), np.int64)
        labels[height // 3 : height // 3 + 11, width // 4 : width // 4 + 9] = 1
        image = np.repeat(255 * labels[..., None], 3, axis=2).astype(np.uint8)
        for seed in range(2):
            changed, mask = augment(image, labels, seed, **options)
            rim = np.pad(np.zeros(np.subtract(mask.shape, 4), bool), 2, constant_values=True) | (mask == FILL)
            if (mask == 1).sum() > 20 and not (rim & (mask == 1)).any():
                bright = np.clip(changed[..., 0] - 124.0, 0, None)  # what fills corners is no marker
                offsets.append(centre(bright) - centre(mask == 1))
    return np.array(offsets)


@pytest.mark.parametrize("options", GEOMETRY.values(), ids=GEOMETRY)
def test_a_marker_moves_in_image_and_mask_together_whatever_the_size(options: dict[str, Any]) -> None:
    offsets = marker_offsets(**options)
    assert len(offsets) >= 6
    # Edges of the mask are rounded to whole pixels: by half a pixel at most, and to no side in particular.
    assert np.abs(offsets).max() < 0.55
    assert np.abs(offsets.mean(axis=0)).max() < 0.2


def test_masks_resized_by_floored_nearest_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def floored(mask: torch.Tensor, size: list[int]) -> torch.Tensor:
        return functional.interpolate(mask[None, None].double(), size, mode="nearest")[0, 0].to(mask.dtype)

    monkeypatch.setattr("maskwright.datasets.augmentation.resize_nearest", floored)
    offsets = marker_offsets(**GEOMETRY["odd square"])
    assert np.abs(offsets.mean(axis=0)).max() > 0.3


@pytest.mark.parametrize("fill", [0, 255, 65535])
@pytest.mark.parametrize("options", GEOMETRY.values(), ids=GEOMETRY)
def test_no_label_is_invented(options: dict[str, Any], fill: int) -> None:
    image, labels = scene((41, 57))
    labels = np.where(labels == 3, 300, labels)  # 1 and 300 would give anything between them if they were mixed
    for seed in range(4):
        _, changed = augment(image, labels, seed, mask_fill=fill, **options)
        assert set(np.unique(changed)) <= {0, 1, 2, 300, fill}


@pytest.mark.parametrize("size", SIZES)
def test_turned_in_corners_get_the_fill_and_nothing_else_does(size: tuple[int, int]) -> None:
    white, ones = np.full((*size, 3), 255, np.uint8), np.ones(size, np.int64)
    for seed in (1, 2, 3):
        image, labels = augment(white, ones, seed, rotation=45.0)
        # ImageNet's mean colour fills the image; pixels between it and white are on the border.
        outside, inside = (image == (124, 116, 104)).all(axis=2), (image == 255).all(axis=2)
        assert outside.any()
        assert (labels[outside] == FILL).all()
        assert (labels[inside] == 1).all()


@pytest.mark.parametrize("size", [(20, 31), (21, 48), (60, 20)])
def test_the_rim_around_an_image_smaller_than_the_crop_gets_the_fill(size: tuple[int, int]) -> None:
    image, labels = scene(size)
    _, cropped = augment(image, labels, 0, crop=48)
    assert cropped.shape == (48, 48)
    assert (cropped != FILL).sum() == min(size[0], 48) * min(size[1], 48)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"horizontal_flip": 1.0}, lambda array: array[:, ::-1]),
        ({"vertical_flip": 1.0}, lambda array: array[::-1]),
        ({}, lambda array: array),
    ],
)
@pytest.mark.parametrize("size", SIZES)
def test_a_certain_flip_is_numpys_and_no_option_is_no_change(
    options: dict[str, Any], expected: Callable[[np.ndarray], np.ndarray], size: tuple[int, int]
) -> None:
    image, labels = scene(size)
    flipped_image, flipped_labels = augment(image, labels, 0, **options)
    assert np.array_equal(flipped_image, expected(image))
    assert np.array_equal(flipped_labels, expected(labels))


@pytest.mark.parametrize("options", COLOUR.values(), ids=COLOUR)
def test_colour_changes_move_nothing(options: dict[str, Any]) -> None:
    image, labels = scene((41, 57))
    changed, same = augment(image, labels, 1, **options)
    assert np.array_equal(same, labels)
    assert not np.array_equal(changed, image)
    # Each label still has one colour of its own.
    colours = [np.unique(changed[labels == label], axis=0) for label in range(4)]
    assert [len(found) for found in colours] == [1, 1, 1, 1]
    assert len({tuple(found[0]) for found in colours}) == 4


@pytest.mark.parametrize("size", SIZES)
def test_the_input_size_and_the_scale_bound_the_size(size: tuple[int, int]) -> None:
    image, labels = scene(size)
    assert augment(image, labels, 0, input_size=InputSize(True, 50, multiple=8))[1].shape == (56, 56)
    short = [min(augment(image, labels, s, **GEOMETRY["scale"])[1].shape) for s in range(40)]
    assert 30 <= min(short) < 45  # 50 × 0.6 to 50 × 1.8
    assert 70 < max(short) <= 90


def test_enlarging_is_as_likely_as_shrinking_by_the_same_factor() -> None:
    torch.manual_seed(0)
    scaling = RandomScale(InputSize(True, 1000), resize_antialiased, (0.5, 2.0))
    mask = tv_tensors.Mask(torch.zeros(10, 10, dtype=torch.uint8))
    sides = [scaling.make_params([mask])["size"][0] for _ in range(2000)]
    logarithms = np.log2(np.array(sides) / 1000)
    assert abs(logarithms.mean()) < 4 * math.sqrt(1 / 3 / 2000)  # four standard errors of a uniform on −1..1
    assert logarithms.min() < -0.98
    assert logarithms.max() > 0.98


def test_the_same_seed_gives_the_same_sample_and_another_another() -> None:
    image, labels = scene((41, 57))
    options = GEOMETRY["all"] | {"brightness": 0.3}
    first, again, other = (augment(image, labels, seed, **options) for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def _tied(old: int, new: int) -> npt.NDArray[np.bool_]:
    """Where a new pixel's centre lies on an edge between two old pixels, so that both are nearest."""
    return (2 * np.arange(new) + 1) * old % (2 * new) == 0


@pytest.mark.parametrize("old", [1, 2, 5, 16, 37, 64, 427, 640, 1333])
def test_resize_nearest_takes_the_pixel_that_pillow_takes(old: int) -> None:
    for new in (*range(1, 70), 224, 256, 375, 480, 512, 1000):
        line = np.arange(old, dtype=np.int32)
        ours = resize_nearest(torch.from_numpy(line)[None], [1, new])[0].numpy()
        theirs = np.array(Image.fromarray(line[None]).resize((new, 1), Image.Resampling.NEAREST))[0]
        clear = ~_tied(old, new)
        assert np.array_equal(ours[clear], theirs[clear]), (old, new)
        centres = (2 * np.arange(new) + 1) * old / (2 * new)
        assert (np.abs(ours + 0.5 - centres) <= 0.5 + 1e-9).all(), (old, new)


def test_resize_nearest_treats_rows_and_columns_of_a_stack_alike() -> None:
    stack = torch.from_numpy(np.random.default_rng(0).integers(0, 9, (3, 23, 31)))
    resized = resize_nearest(stack, [40, 17]).numpy()
    for ours, mask in zip(resized, stack.numpy(), strict=True):
        theirs = Image.fromarray(mask.astype(np.uint8)).resize((17, 40), Image.Resampling.NEAREST)
        clear = np.ix_(~_tied(23, 40), ~_tied(31, 17))
        assert np.array_equal(ours[clear], np.array(theirs)[clear])
