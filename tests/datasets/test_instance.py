"""Instance samples: masks, boxes and labels agree with the augmented image and with each other."""

import itertools
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from pycocotools import mask as oracle
from torchvision.ops import masks_to_boxes

from maskwright.datasets.augmentation import RandomScale, build_augmentation
from maskwright.datasets.instance import InstanceDataset, InstanceSample, collate, target_of, to_detection_input
from maskwright.errors import DataError
from maskwright.images.resize import InputSize
from maskwright.prediction.resizing import resize_antialiased
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
    options = dict(options)
    size, scale = options.pop("input_size", None), options.pop("scale", (1.0, 1.0))
    scaling = None if size is None else RandomScale(size, resize_antialiased, scale)
    return InstanceDataset([sample], build_augmentation(mask_fill=0, **options), scaling)


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
            assert (np.abs(image.numpy()[:, inner].astype(np.float64) - GREYS[label]) <= 2).all()
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
        "boxes": (0, 4), "labels": (0,), "masks": (0, *SIZE), "area": (0,)
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


def test_the_model_gets_shares_of_255_and_the_targets_as_they_are(sample: InstanceSample) -> None:
    samples = [dataset(sample)[0, 0], dataset(sample, horizontal_flip=1.0)[0, 0]]
    assert all(image.dtype == torch.uint8 for image, _ in samples)
    images, targets = to_detection_input(collate(samples), "cpu")
    assert all(torch.equal(found, image.float() / 255) for found, (image, _) in zip(images, samples, strict=True))
    assert all(found is target for found, (_, target) in zip(targets, samples, strict=True))


def test_a_batch_keeps_images_of_different_sizes_apart() -> None:
    samples = [(torch.rand(3, 4, side), {"labels": torch.tensor([side])}) for side in (5, 6)]
    images, targets = collate(samples)
    assert [tuple(image.shape) for image in images] == [(3, 4, 5), (3, 4, 6)]
    assert [target["labels"].tolist() for target in targets] == [[5], [6]]


# Images of a grid of sizes with objects as polygons: a quadrangle in the middle, a triangle at the rim, a speck.
GRID = list(itertools.product((31, 48, 75), (33, 64, 90)))
LIVELY: dict[str, dict[str, Any]] = {
    "as it is": {},
    "flips": {"horizontal_flip": 0.5, "vertical_flip": 0.5},
    "mild rotation": {"rotation": 15.0},
    "colour": {"brightness": 0.3, "contrast": 0.3},
    "crop": {"crop": 40},
    "jitter": {"scale": (0.5, 2.0)},
    "copy-paste": {"copy_paste": 1.0},
    "all": {
        "scale": (0.6, 1.6), "crop": 44, "horizontal_flip": 0.5, "vertical_flip": 0.5, "rotation": 10.0,
        "brightness": 0.2, "contrast": 0.2, "copy_paste": 0.5,
    },
}  # fmt: skip
GRID_GREYS = {1: 90, 2: 170, 3: 250}


def drawn_sample(folder: Path, height: int, width: int) -> InstanceSample:
    h, w = float(height), float(width)
    polygons = [
        [[0.2 * w, 0.25 * h, 0.6 * w, 0.2 * h, 0.7 * w, 0.7 * h, 0.3 * w, 0.8 * h]],
        [[0.75 * w, 0.4 * h, w, 0.1 * h, w, 0.9 * h]],
        [[0.05 * w, 0.05 * h, 0.05 * w + 2, 0.05 * h, 0.05 * w + 2, 0.05 * h + 2, 0.05 * w, 0.05 * h + 2]],
    ]
    masks = [oracle.merge(oracle.frPyObjects(each, height, width)) for each in polygons]
    grey = sum(oracle.decode(mask) * GRID_GREYS[label] for label, mask in enumerate(masks, start=1))
    path = folder / f"{height}x{width}.png"
    cv2.imwrite(str(path), np.repeat(np.asarray(grey, np.uint8)[:, :, None], 3, axis=2))
    truth = Instances((height, width), np.zeros((3, 4), np.float32), np.array([1, 2, 3]), masks)
    return InstanceSample(path, truth, tuple(json.dumps(each).encode() for each in polygons))


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> list[InstanceSample]:
    folder = tmp_path_factory.mktemp("grid")
    return [drawn_sample(folder, *size) for size in GRID]


def training_data(samples: list[InstanceSample], **options: Any) -> InstanceDataset:
    options = {"scale": (1.0, 1.0), "copy_paste": 0.0} | options
    scaling = RandomScale(InputSize(False, 52, longest=100), resize_antialiased, options.pop("scale"))
    pasting = options.pop("copy_paste")
    return InstanceDataset(samples, build_augmentation(mask_fill=0, **options), scaling, pasting)


@pytest.mark.parametrize("options", LIVELY.values(), ids=LIVELY)
def test_boxes_are_the_extents_and_areas_the_pixels_of_the_masks_on_a_grid_of_sizes(
    options: dict[str, Any], grid: list[InstanceSample]
) -> None:
    lively, objects = training_data(grid, **options), 0
    for index, seed in itertools.product(range(len(grid)), range(3)):
        image, target = lively[index, seed]
        masks = target["masks"].numpy()
        assert masks.shape == (len(target["labels"]), *image.shape[1:])
        rles = [oracle.encode(np.asfortranarray(mask)) for mask in masks]
        extents = np.array([oracle.toBbox(rle) for rle in rles]).reshape(-1, 4)
        extents[:, 2:] += extents[:, :2]
        assert np.array_equal(target["boxes"].numpy(), extents)
        assert target["area"].tolist() == [oracle.area(rle) for rle in rles]
        assert (target["area"] > 0).all()
        objects += len(rles)
    assert objects > 40


@pytest.mark.parametrize("options", [value for key, value in LIVELY.items() if key not in ("colour", "all")])
def test_every_label_is_its_objects_on_a_grid_of_sizes(options: dict[str, Any], grid: list[InstanceSample]) -> None:
    lively, seen = training_data(grid, **options), 0
    for index, seed in itertools.product(range(len(grid)), range(3)):
        image, target = lively[index, seed]
        for label, mask in zip(target["labels"].tolist(), target["masks"].numpy(), strict=True):
            inner = cv2.erode(mask, np.ones((7, 7)), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
            seen += int(inner.sum())
            assert (np.abs(image.numpy()[:, inner].astype(np.float64) - GRID_GREYS[label]) <= 3).all()
    assert seen > 1000


def test_the_training_resolution_is_the_short_side_within_the_longest(grid: list[InstanceSample]) -> None:
    for index, (height, width) in enumerate(GRID):
        image, _ = training_data(grid)[index, 0]
        scale = min(52 / min(height, width), 100 / max(height, width))
        assert image.shape[1:] == (round(height * scale), round(width * scale))


def test_jitter_spreads_the_sizes_by_its_factors(grid: list[InstanceSample]) -> None:
    jittered = training_data(grid, scale=(0.5, 2.0))
    sides = [min(jittered[4, seed][0].shape[1:]) for seed in range(40)]
    assert 26 <= min(sides) < 33
    assert 84 < max(sides) <= 104


def test_copy_paste_brings_objects_of_other_samples_as_often_as_asked(grid: list[InstanceSample]) -> None:
    shares = []
    for probability in (0.0, 0.5, 1.0):
        pasted = training_data(grid, copy_paste=probability)
        plain = training_data(grid)
        changed = [not torch.equal(pasted[4, seed][0], plain[4, seed][0]) for seed in range(60)]
        shares.append(sum(changed) / 60)
    assert shares[0] == 0
    assert 0.25 < shares[1] < 0.65
    assert shares[2] > 0.75


def test_copy_paste_takes_from_the_samples_that_weigh_something(sample: InstanceSample) -> None:
    kinds = [InstanceSample(sample.image, sample.truth[np.array([place])]) for place in (0, 2, 3)]
    weights = np.array([0.0, 0.0, 1.0])
    plain = build_augmentation(mask_fill=0)
    pasting = InstanceDataset(kinds, plain, copy_paste=1.0, paste_weights=weights)
    pasted = [pasting[0, seed][1]["labels"].tolist() for seed in range(40)]
    assert {tuple(labels) for labels in pasted} == {(1,), (1, 3)}


def test_a_seed_gives_the_same_sample_again_with_everything_on(grid: list[InstanceSample]) -> None:
    lively = training_data(grid, **LIVELY["all"])
    once, again, other = lively[3, 8], lively[3, 8], lively[3, 9]
    assert torch.equal(once[0], again[0])
    assert all(torch.equal(value, again[1][key]) for key, value in once[1].items())
    assert once[0].shape != other[0].shape or not torch.equal(once[0], other[0])


def test_crowds_leave_the_outlines_in_step(sample: InstanceSample) -> None:
    names = tuple(f"[[{i}]]".encode() for i in range(4))
    taught = InstanceSample(sample.image, sample.truth, names).without_crowds()
    assert taught.outlines == (names[0], names[2], names[3])
    assert taught.truth.labels.tolist() == [1, 2, 3]


def test_an_image_of_another_size_than_its_annotations_is_refused_by_name(sample: InstanceSample) -> None:
    cv2.imwrite(str(sample.image), np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(DataError, match=r"a\.png: is 10 × 10 pixels .* 41 × 58"):
        dataset(sample)[0, 0]
