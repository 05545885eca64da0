"""Colour changes of batches equal torchvision's of single images, and belong to the sample."""

import functools

import pytest
import torch
from torch.utils.data import default_collate
from torchvision.transforms.v2 import functional

from maskwright.datasets.device_augmentation import (
    ColorChange,
    DeviceAugmentation,
    SeededSamples,
    collate_seeded,
    shift_hue,
)
from maskwright.datasets.device_flips import RandomFlips

SEEDS = torch.tensor([3, 2**61 + 5, 0])


def pictures() -> torch.Tensor:
    images = torch.rand((3, 3, 9, 7), generator=torch.Generator().manual_seed(1))
    images[0, :, 0, 0], images[0, :, 0, 1], images[0, :, 0, 2] = 0.0, 1.0, 0.5  # black, white and grey
    images[1, :, :2] = torch.tensor([1.0, 0.0, 0.0])[:, None, None]
    return images


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "hue"])
def test_each_change_equals_torchvisions_of_the_single_image(name: str) -> None:
    change = ColorChange(**{name: 0.4})
    place = ("brightness", "contrast", "saturation", "hue").index(name)
    changed = change(pictures(), SEEDS)
    for image, seed, found in zip(pictures(), SEEDS.tolist(), changed, strict=True):
        factor = change.factors(seed)[place]
        expected = getattr(functional, f"adjust_{name}")(image, factor)
        torch.testing.assert_close(found, expected, atol=2e-6, rtol=0)
        assert not torch.allclose(found, image, atol=1e-3)


@pytest.mark.parametrize("shift", [-0.5, -0.21, 0.0, 1 / 6, 0.37])
def test_hue_moves_as_torchvisions(shift: float) -> None:
    moved = shift_hue(pictures(), torch.full((3, 1, 1, 1), shift))
    torch.testing.assert_close(moved, functional.adjust_hue(pictures(), shift), atol=2e-6, rtol=0)


def test_a_sample_is_changed_by_its_seed_alone() -> None:
    change, images = ColorChange(brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1), pictures()
    together = change(images, SEEDS)
    alone = change([images[2], images[0]], SEEDS[[2, 0]])
    torch.testing.assert_close(alone[0], together[2], atol=1e-6, rtol=0)
    torch.testing.assert_close(alone[1], together[0], atol=1e-6, rtol=0)
    assert not torch.allclose(change(images[[0]], SEEDS[[1]]), together[[0]], atol=1e-3)
    assert together.min() >= 0
    assert together.max() <= 1


def test_flips_and_colours_go_together_or_alone() -> None:
    images, labels = pictures(), torch.arange(3 * 9 * 7).view(3, 9, 7)
    flips, colors = RandomFlips(1.0, 0.0), ColorChange(brightness=0.3)
    both, flipped = DeviceAugmentation(flips, colors)(images, labels, SEEDS)
    assert torch.equal(both, colors(images.flip(-1), SEEDS))
    assert torch.equal(flipped, labels.flip(-1))
    assert torch.equal(DeviceAugmentation(flips)(images, labels, SEEDS)[0], images.flip(-1))
    colored, same = DeviceAugmentation(colors=colors)(images, labels, SEEDS)
    assert torch.equal(colored, colors(images, SEEDS))
    assert same is labels


def test_factors_lie_around_one_and_never_below_zero() -> None:
    change = ColorChange(brightness=0.2, contrast=1.5, hue=0.1)
    drawn = torch.tensor([change.factors(seed) for seed in range(2000)])
    assert drawn.amin(dim=0).tolist() == pytest.approx([0.8, 0.0, 1.0, -0.1], abs=0.02)
    assert drawn.amax(dim=0).tolist() == pytest.approx([1.2, 2.5, 1.0, 0.1], abs=0.02)
    assert drawn[:, 1].min() >= 0
    assert drawn.mean(dim=0).tolist() == pytest.approx([1.0, 1.25, 1.0, 0.0], abs=0.05)


def test_samples_come_with_their_seeds() -> None:
    class Squares(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, item: tuple[int, int]) -> torch.Tensor:
            return torch.tensor(item[0] ** 2)

    samples = SeededSamples(Squares())
    assert len(samples) == 4
    batch, seeds = collate_seeded([samples[1, 5], samples[3, 2**61]], functools.partial(default_collate))
    assert (batch.tolist(), seeds.tolist()) == ([1, 9], [5, 2**61])
