"""True boxes of samples: the file's to a fraction of a pixel where they can follow, else those of the masks."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from pycocotools import mask as oracle
from torchvision.ops import box_iou, masks_to_boxes
from torchvision.transforms import v2

from maskwright.datasets.augmentation import RandomScale, build_augmentation
from maskwright.datasets.instance import InstanceDataset, InstanceSample
from maskwright.datasets.instance_boxes import box_pairs, clip_boxes, mask_extents, true_boxes
from maskwright.images.resize import InputSize
from maskwright.prediction.resizing import resize_antialiased
from maskwright.structures import Instances

HEIGHT, WIDTH = 120, 150
# Polygons with corners between the pixels; the last reaches the right edge of the image.
OBJECTS = (
    (10.3, 20.6, 31.9, 44.2),
    (60.25, 50.5, 71.75, 58.125),
    (90.5, 10.2, 97.3, 100.9),
    (120.4, 70.3, 150.0, 90.7),
)
INPUT = 48  # the short side: two fifths of the image


def polygon(box: tuple[float, ...]) -> list[float]:
    left, top, right, bottom = box
    return [left, top, right, top, right, bottom, left, bottom]


@pytest.fixture
def sample(tmp_path: Path) -> InstanceSample:
    outlines = [[polygon(box)] for box in OBJECTS]
    masks = [oracle.merge(oracle.frPyObjects(each, HEIGHT, WIDTH)) for each in outlines]
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    truth = Instances((HEIGHT, WIDTH), np.array(OBJECTS, np.float32), np.arange(1, len(OBJECTS) + 1), masks)
    return InstanceSample(tmp_path / "a.png", truth, tuple(json.dumps(each).encode() for each in outlines))


def dataset(sample: InstanceSample, copy_paste: float = 0.0, **options: Any) -> InstanceDataset:
    scaling = RandomScale(InputSize(False, INPUT), resize_antialiased, options.pop("scale", (1.0, 1.0)))
    return InstanceDataset([sample], build_augmentation(mask_fill=0, **options), scaling, copy_paste)


def by_label(target: dict[str, torch.Tensor]) -> dict[int, list[float]]:
    return dict(zip(target["labels"].tolist(), target["boxes"].tolist(), strict=True))


def test_boxes_are_the_files_scaled_to_the_input(sample: InstanceSample) -> None:
    _, target = dataset(sample)[0, 0]
    torch.testing.assert_close(target["boxes"], torch.tensor(OBJECTS) * 0.4)


def test_they_are_closer_to_the_object_than_the_extents_of_small_masks(sample: InstanceSample) -> None:
    _, target = dataset(sample)[0, 0]
    full = torch.tensor(OBJECTS) * 0.4
    of_masks = masks_to_boxes(target["masks"]) + torch.tensor([0, 0, 1, 1])
    before = box_iou(of_masks, full).diagonal()
    assert before.min() < 0.85
    assert box_iou(target["boxes"], full).diagonal().min() > 0.9999


def test_they_follow_jitter_and_flips(sample: InstanceSample) -> None:
    lively = dataset(sample, scale=(0.5, 2.0), horizontal_flip=1.0, vertical_flip=1.0)
    for seed in range(6):
        image, target = lively[0, seed]
        height, width = image.shape[1:]
        expected = torch.tensor(OBJECTS) * torch.tensor([width / WIDTH, height / HEIGHT] * 2)
        expected = torch.tensor([width, height, width, height]) - expected[:, [2, 3, 0, 1]]
        boxes = by_label(target)
        for label, box in boxes.items():
            assert box == pytest.approx(expected[label - 1].tolist(), abs=1e-3)
        assert len(boxes) >= 3


def test_a_crop_moves_whole_objects_and_cuts_others_by_their_masks(sample: InstanceSample) -> None:
    cropped, whole, cut = dataset(sample, crop=32), 0, 0
    for seed in range(30):
        _, target = cropped[0, seed]
        extents = mask_extents(target["masks"])
        full = torch.tensor(OBJECTS)[target["labels"] - 1] * 0.4
        sizes = full[:, 2:] - full[:, :2]
        for box, extent, size in zip(target["boxes"], extents, sizes, strict=True):
            if torch.equal(box, extent):
                cut += 1
                continue
            whole += 1
            torch.testing.assert_close(box[2:] - box[:2], size, atol=1e-4, rtol=0)
            assert (box - extent).abs().max() <= 1
    assert whole > 10
    assert cut > 10


def test_what_is_rotated_has_the_box_of_its_mask(sample: InstanceSample) -> None:
    turned = dataset(sample, rotation=20.0)
    for seed in range(4):
        _, target = turned[0, seed]
        assert torch.equal(target["boxes"], masks_to_boxes(target["masks"]) + torch.tensor([0, 0, 1, 1]))


def test_what_is_covered_by_a_pasted_object_has_the_box_of_what_is_left() -> None:
    masks = torch.zeros(2, 20, 20, dtype=torch.uint8)
    masks[0, 2:8, 2:8], masks[1, 10:14, 10:14] = 1, 1
    truth = Instances.from_dense(masks.numpy(), [1, 2])
    truth.boxes = truth.boxes + np.float32(0.25)
    pairs = box_pairs(truth, masks)
    left = masks.clone()
    left[0, :, 5:] = 0
    assert true_boxes(pairs, left).tolist() == [[2, 2, 5, 8], [10.25, 10.25, 14.25, 14.25]]
    assert true_boxes(pairs, masks)[0].tolist() == [2.25, 2.25, 8.25, 8.25]


def test_objects_of_a_pasted_sample_bring_their_boxes(sample: InstanceSample) -> None:
    pasted = dataset(sample, copy_paste=1.0, horizontal_flip=0.5)
    more, kept = 0, 0
    for seed in range(12):
        _, target = pasted[0, seed]
        more += len(target["labels"]) > len(OBJECTS)
        extents = mask_extents(target["masks"])
        kept += int(((target["boxes"] != extents).any(dim=1)).sum())
        assert (target["boxes"] - extents).abs().max() <= 1
    assert more >= 3
    assert kept > 30


def test_an_empty_box_of_the_file_gives_way_to_that_of_the_mask() -> None:
    masks = torch.zeros(3, 10, 12, dtype=torch.uint8)
    masks[:, 3:6, 4:9] = 1
    truth = Instances.from_dense(masks.numpy(), [1, 1, 1])
    truth.boxes = np.array([[0, 0, 0, 0], [4, 3, 4.05, 6], [30, 30, 40, 40]], np.float32)
    assert true_boxes(box_pairs(truth, masks), masks).tolist() == [[4, 3, 9, 6]] * 3


def test_extents_are_those_of_torchvision_and_none_for_an_empty_mask() -> None:
    masks = (torch.rand(8, 15, 23, generator=torch.Generator().manual_seed(0)) > 0.97).byte()
    expected = masks_to_boxes(masks) + torch.tensor([0, 0, 1, 1])
    assert torch.equal(mask_extents(masks), expected)
    assert mask_extents(torch.zeros(2, 4, 5, dtype=torch.uint8)).tolist() == [[0, 0, 0, 0]] * 2
    assert mask_extents(torch.zeros(0, 4, 5, dtype=torch.uint8)).shape == (0, 4)


def test_boxes_are_clipped_to_the_image() -> None:
    assert clip_boxes(torch.tensor([[-3.0, 2, 90, 40]]), (30, 50)).tolist() == [[0, 2, 50, 30]]


def test_pairs_go_through_torchvisions_transforms_without_being_clamped() -> None:
    masks = torch.zeros(1, 20, 20, dtype=torch.uint8)
    masks[0, 2:8, 2:8] = 1
    pairs = box_pairs(Instances.from_dense(masks.numpy(), [1]), masks)
    moved = v2.functional.crop(pairs, top=5, left=5, height=10, width=10)
    assert moved.as_subclass(torch.Tensor).tolist() == [[-3, -3, 3, 3]] * 2
