"""Instance samples: masks, boxes and labels that stay in step with the image and with each other."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from pycocotools import mask as oracle
from torchvision.ops import masks_to_boxes

from maskwright.datasets.augmentation import build_augmentation
from maskwright.datasets.instance import InstanceDataset, InstanceSample, collate, target_of
from maskwright.images.resize import InputSize
from maskwright.structures import Instances

SIZE = (41, 58)
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "flips": {"horizontal_flip": 0.5, "vertical_flip": 0.5},
    "rotation": {"rotation": 60.0},
    "scale and crop": {"input_size": InputSize(False, 60), "scale": (0.5, 2.0), "crop": 37},
    "small crop": {"crop": 16},
}
# Three objects on black, each of one grey that names its label, and a crowd that has a grey of its own.
GREYS = {1: 80, 2: 160, 3: 240}
CROWD_GREY = 30


def masks() -> dict[int, npt.NDArray[np.uint8]]:
    drawn = {label: np.zeros(SIZE, np.uint8) for label in (*GREYS, 0)}
    drawn[1][3:20, 5:25] = 1
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    drawn[2][(rows - 15) ** 2 + (columns - 43) ** 2 < 100] = 1
    drawn[3][26:39, 10:14] = 1  # two parts
    drawn[3][30:41, 20:30] = 1
    drawn[0][28:, 40:] = 1
    return drawn


def rle(mask: npt.NDArray[np.uint8]) -> dict[str, Any]:
    return oracle.encode(np.asfortranarray(mask))


@pytest.fixture
def sample(tmp_path: Path) -> InstanceSample:
    drawn = masks()
    grey = sum(drawn[label] * value for label, value in (GREYS | {0: CROWD_GREY}).items())
    cv2.imwrite(str(tmp_path / "a.png"), np.repeat(np.asarray(grey, np.uint8)[:, :, None], 3, axis=2))
    order = (1, 0, 2, 3)  # the crowd in between, so that a slip by one shows
    truth = Instances(
        SIZE,
        np.zeros((4, 4), np.float32),
        np.array([1, 3, 2, 3]),
        [rle(drawn[key]) for key in order],
        crowd=np.array([key == 0 for key in order]),
    )
    return InstanceSample(tmp_path / "a.png", truth)


def dataset(sample: InstanceSample, **options: Any) -> InstanceDataset:
    return InstanceDataset([sample], build_augmentation(**({"mask_fill": 0, "input_size": None} | options)))


def test_crowds_are_not_taught_and_the_other_masks_come_as_they_are(sample: InstanceSample) -> None:
    _, target = dataset(sample)[0, 0]
    assert target["labels"].tolist() == [1, 2, 3]
    assert np.array_equal(target["masks"].numpy(), np.stack([masks()[label] for label in (1, 2, 3)]))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_boxes_are_tight_around_the_augmented_masks(options: dict[str, Any], sample: InstanceSample) -> None:
    lively = dataset(sample, **options)
    for seed in range(8):
        _, target = lively[0, seed]
        if not len(target["labels"]):
            continue
        inclusive = masks_to_boxes(target["masks"])
        assert torch.equal(target["boxes"], inclusive + torch.tensor([0, 0, 1, 1]))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_masks_and_labels_stay_with_their_objects(options: dict[str, Any], sample: InstanceSample) -> None:
    lively = dataset(sample, **options)
    seen = 0
    for seed in range(8):
        image, target = lively[0, seed]
        assert target["masks"].shape == (len(target["labels"]), *image.shape[1:])
        for label, mask in zip(target["labels"].tolist(), target["masks"].numpy(), strict=True):
            inner = cv2.erode(mask, np.ones((5, 5)), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
            seen += int(inner.sum())
            assert (np.abs(image.numpy()[:, inner] * 255 - GREYS[label]) <= 2).all()
    assert seen > 100


def test_an_object_that_is_cut_away_is_dropped_with_its_label(sample: InstanceSample) -> None:
    cropped = dataset(sample, **OPTIONS["small crop"])
    counts = set()
    for seed in range(20):
        _, target = cropped[0, seed]
        assert target["masks"].flatten(1).any(dim=1).all()
        assert len(target["boxes"]) == len(target["labels"]) == len(target["masks"])
        counts.add(len(target["labels"]))
    assert min(counts) < 3


def test_an_image_without_objects_is_a_negative_with_empty_targets(sample: InstanceSample) -> None:
    empty = InstanceSample(sample.image, Instances.empty(SIZE))
    image, target = dataset(empty, horizontal_flip=0.5, rotation=30.0)[0, 0]
    assert image.shape == (3, *SIZE)
    assert {key: tuple(value.shape) for key, value in target.items()} == {
        "boxes": (0, 4), "labels": (0,), "masks": (0, *SIZE)
    }  # fmt: skip


def test_an_image_with_nothing_but_crowds_is_a_negative(sample: InstanceSample) -> None:
    crowds = InstanceSample(sample.image, sample.truth[sample.truth.crowd])
    assert dataset(crowds)[0, 0][1]["boxes"].shape == (0, 4)


def test_an_object_of_one_pixel_has_a_box_of_one_pixel() -> None:
    mask = torch.zeros(1, 5, 6, dtype=torch.uint8)
    mask[0, 4, 2] = 1
    assert target_of(mask, torch.tensor([1]))["boxes"].tolist() == [[2, 4, 3, 5]]


def test_the_seed_alone_decides_how_a_sample_is_augmented(sample: InstanceSample) -> None:
    lively = dataset(sample, **OPTIONS["scale and crop"])
    before = torch.random.get_rng_state()
    first = lively[0, 5]
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(99)
    again, other = lively[0, 5], lively[0, 6]
    assert torch.equal(first[0], again[0])
    assert all(torch.equal(value, again[1][key]) for key, value in first[1].items())
    assert not torch.equal(first[0], other[0])


def test_a_batch_keeps_images_of_different_sizes_apart() -> None:
    samples = [(torch.rand(3, 4, side), {"labels": torch.tensor([side])}) for side in (5, 6)]
    images, targets = collate(samples)
    assert [tuple(image.shape) for image in images] == [(3, 4, 5), (3, 4, 6)]
    assert [target["labels"].tolist() for target in targets] == [[5], [6]]
