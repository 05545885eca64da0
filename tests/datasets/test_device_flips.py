"""Flips of batches have the bits of torchvision's on the host, and belong to the sample."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from maskwright.datasets.augmentation import build_augmentation
from maskwright.datasets.device_flips import RandomFlips, flip_boxes, flip_sample
from maskwright.datasets.instance import InstanceDataset, InstanceSample
from maskwright.masks.rle import rasterise
from maskwright.structures import Instances
from tests.training.fake_device import invented_device, invented_fabric

SEEDS = torch.arange(20) * 2**51 + 3
WAYS = [(True, False), (False, True), (True, True), (False, False)]


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    images = torch.rand((len(SEEDS), 3, 9, 7), generator=generator)
    return images, torch.randint(0, 5, (len(SEEDS), 9, 7), generator=generator)


def torchvisions(values: torch.Tensor, flips: tuple[bool, bool]) -> torch.Tensor:
    values = functional.horizontal_flip(values) if flips[0] else values
    return functional.vertical_flip(values) if flips[1] else values


@pytest.mark.parametrize("device", ["cpu", "invented"])
def test_a_batch_is_flipped_row_by_row_as_its_seeds_draw(device: str) -> None:
    flips, (images, labels) = RandomFlips(0.5, 0.5), batch()
    drawn = [flips.drawn(seed) for seed in SEEDS.tolist()]
    assert set(drawn) == set(WAYS)
    with invented_device() as counts:
        place = invented_fabric().device if device == "invented" else torch.device("cpu")
        ours = images.to(place), labels.to(place)
        counts.clear()
        changed = flips(*ours, SEEDS)
        assert not sum(counts.waits.values())
        changed = tuple(one.cpu() for one in changed)
    for row, way in enumerate(drawn):
        assert torch.equal(changed[0][row], torchvisions(images[row], way))
        assert torch.equal(changed[1][row], torchvisions(labels[row], way))


def test_a_sample_is_flipped_by_its_seed_alone() -> None:
    flips, (images, labels) = RandomFlips(0.4, 0.6), batch()
    together, _ = flips(images, labels, SEEDS)
    order = torch.tensor([5, 0, 7])
    assert torch.equal(flips(images[order], labels[order], SEEDS[order])[0], together[order])


def test_flips_come_as_often_as_asked_and_independently_of_each_other() -> None:
    flips = RandomFlips(0.25, 0.6)
    drawn = np.array([flips.drawn(seed) for seed in range(4000)])
    assert drawn.mean(axis=0) == pytest.approx([0.25, 0.6], abs=0.03)
    assert drawn.all(axis=1).mean() == pytest.approx(0.25 * 0.6, abs=0.03)
    always, never = RandomFlips(1.0, 1.0), RandomFlips()
    assert all(always.drawn(seed) == (True, True) and never.drawn(seed) == (False, False) for seed in range(50))


@pytest.fixture
def truth(tmp_path: Path) -> InstanceSample:
    """Two objects whose boxes are not whole pixels; one box reaches out of the image."""
    pixels = np.random.default_rng(2).integers(0, 256, (40, 57, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    polygons = [[3.2, 4.1, 20.7, 5.3, 12.4, 25.9], [30.0, 8.5, 57.0, 9.1, 50.3, 39.2]]
    masks = [rasterise([polygon], 40, 57).rle for polygon in polygons]
    boxes = np.array([[3.2, 4.1, 20.7, 25.9], [30.0, 8.5, 57.4, 39.2]], np.float32)
    return InstanceSample(tmp_path / "a.png", Instances((40, 57), boxes, np.array([1, 2]), masks))


@pytest.mark.parametrize("way", WAYS)
def test_flipping_after_loading_gives_the_bits_of_flipping_while_loading(
    way: tuple[bool, bool], truth: InstanceSample
) -> None:
    chances: Any = {"horizontal_flip": float(way[0]), "vertical_flip": float(way[1])}
    image, target = InstanceDataset([truth], build_augmentation(mask_fill=0, **chances))[0, 3]
    found_image, found = flip_sample(*InstanceDataset([truth], build_augmentation(mask_fill=0))[0, 3], way)
    assert torch.equal(found_image, image)
    assert list(found) == list(target)
    assert all(torch.equal(found[key], target[key]) for key in target)


def test_boxes_flip_within_the_image() -> None:
    boxes = torch.tensor([[1.0, 2.5, 4.0, 8.0]])
    assert flip_boxes(boxes, (10, 6), (True, False)).tolist() == [[2.0, 2.5, 5.0, 8.0]]
    assert flip_boxes(boxes, (10, 6), (False, True)).tolist() == [[1.0, 2.0, 4.0, 7.5]]
    assert flip_boxes(boxes[:0], (10, 6), (True, True)).shape == (0, 4)
