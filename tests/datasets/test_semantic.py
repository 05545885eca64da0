"""Semantic samples: the pixels of the files, augmented by the sample's seed and by nothing else."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from maskwright.datasets.augmentation import build_augmentation
from maskwright.datasets.sampling import SeededSampler
from maskwright.datasets.semantic import CopyPaste, SemanticDataset, SemanticSample
from maskwright.errors import DataError

PLAIN = build_augmentation(mask_fill=255, input_size=None)
LIVELY = build_augmentation(mask_fill=255, input_size=None, horizontal_flip=0.5, rotation=90.0, brightness=0.5)


def write_sample(
    folder: Path, name: str = "a", size: tuple[int, int] = (13, 18), dtype: type = np.uint8
) -> SemanticSample:
    chance = np.random.default_rng(len(name))
    image = chance.integers(0, 256, (*size, 3), np.uint8)
    labels = chance.integers(0, np.iinfo(dtype).max, size, dtype, endpoint=True)
    cv2.imwrite(str(folder / f"{name} image.png"), image[:, :, ::-1])
    cv2.imwrite(str(folder / f"{name}.png"), labels)
    return SemanticSample(folder / f"{name} image.png", folder / f"{name}.png")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_sample_is_the_pixels_of_its_two_files(dtype: type, tmp_path: Path) -> None:
    sample = write_sample(tmp_path, dtype=dtype)
    image, labels = SemanticDataset([sample], PLAIN)[0, 1]
    with Image.open(sample.image) as picture, Image.open(sample.label_map) as truth:
        expected_image, expected_labels = np.asarray(picture), np.asarray(truth)
    np.testing.assert_allclose(image.numpy().transpose(1, 2, 0), expected_image / 255, rtol=1e-6)
    assert np.array_equal(labels.numpy(), expected_labels)
    assert (image.dtype, labels.dtype) == (torch.float32, torch.int64)  # what the losses take


def test_the_seed_alone_decides_how_a_sample_is_augmented(tmp_path: Path) -> None:
    dataset = SemanticDataset([write_sample(tmp_path)], LIVELY)
    first = dataset[0, 5]
    torch.manual_seed(99)
    again, other = dataset[0, 5], dataset[0, 6]
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_reading_a_sample_leaves_the_random_state_of_training_alone(tmp_path: Path) -> None:
    dataset = SemanticDataset([write_sample(tmp_path)], LIVELY)
    before = torch.random.get_rng_state()
    dataset[0, 5]
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_loader_with_a_seeded_sampler_gives_the_same_epoch_twice(tmp_path: Path) -> None:
    samples = [write_sample(tmp_path, name) for name in ("a", "bb", "ccc", "dddd")]
    sampler = SeededSampler(4, 0)
    loader = DataLoader(SemanticDataset(samples, LIVELY), batch_size=2, sampler=sampler)
    first, second = list(loader), list(loader)
    for batch, again in zip(first, second, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(batch, again, strict=True))
    sampler.set_epoch(1)
    assert not torch.equal(next(iter(loader))[0], first[0][0])


def object_sample(folder: Path, name: str, label: int, shade: int) -> SemanticSample:
    """A plain image with one square of a class."""
    labels = np.zeros((16, 20), np.uint8)
    labels[4:9, 3 * label : 3 * label + 4] = label
    cv2.imwrite(str(folder / f"{name} image.png"), np.full((16, 20, 3), shade, np.uint8))
    cv2.imwrite(str(folder / f"{name}.png"), labels)
    return SemanticSample(folder / f"{name} image.png", folder / f"{name}.png")


def test_copy_paste_brings_objects_of_other_samples_as_often_as_asked(tmp_path: Path) -> None:
    samples = [object_sample(tmp_path, "a", 1, 50), object_sample(tmp_path, "b", 2, 200)]
    dataset = SemanticDataset(samples, PLAIN, CopyPaste(0.5, 255))
    found = [dataset[0, seed] for seed in range(400)]
    both = [bool((labels == 2).any()) for _, labels in found]
    # With probability 1/2 something is pasted, 1/2 from the other sample, 1/2 its object: an eighth.
    assert 30 < sum(both) < 72
    for (image, labels), pasted in zip(found, both, strict=True):
        assert torch.equal(image[0] == 200 / 255, labels == 2) if pasted else bool((image == 50 / 255).all())


def test_copy_paste_changes_no_sample_that_it_leaves_alone_and_depends_on_the_seed_alone(tmp_path: Path) -> None:
    samples = [write_sample(tmp_path, name) for name in ("a", "bb", "ccc")]
    plain, never = SemanticDataset(samples, LIVELY), SemanticDataset(samples, LIVELY, CopyPaste(0.0, 255))
    always = SemanticDataset(samples, LIVELY, CopyPaste(1.0, 255))
    for seed in range(4):
        assert all(torch.equal(a, b) for a, b in zip(plain[0, seed], never[0, seed], strict=True))
        first = always[0, seed]
        torch.manual_seed(seed + 9)
        assert all(torch.equal(a, b) for a, b in zip(first, always[0, seed], strict=True))


def test_a_label_map_of_another_size_is_refused_with_both_names(tmp_path: Path) -> None:
    sample = write_sample(tmp_path)
    cv2.imwrite(str(sample.label_map), np.zeros((18, 13), np.uint8))
    with pytest.raises(DataError, match=r"a\.png: is \(18, 13\).* a image\.png is \(13, 18\)"):
        SemanticDataset([sample], PLAIN)[0, 0]
