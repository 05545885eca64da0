"""Semantic samples: the pixels of the files, augmented by the sample's seed alone."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch.utils.data import DataLoader

from maskwright.datasets.augmentation import RandomScale, build_augmentation
from maskwright.datasets.pixel_store import PixelStore, stored_bytes
from maskwright.datasets.sampling import SeededSampler
from maskwright.datasets.semantic import (
    CopyPaste,
    SampleCache,
    SemanticDataset,
    SemanticSample,
    size_to_keep,
    to_model_input,
)
from maskwright.errors import DataError
from maskwright.images.resize import InputSize
from maskwright.masks.panoptic_png import write_panoptic_png
from maskwright.prediction.resizing import resize_antialiased

PLAIN = build_augmentation(mask_fill=255)
LIVELY = build_augmentation(mask_fill=255, horizontal_flip=0.5, rotation=90.0, brightness=0.5)


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
    assert np.array_equal(image.numpy().transpose(1, 2, 0), expected_image)
    assert np.array_equal(labels.numpy(), expected_labels)


def test_the_model_gets_float_images_in_0_to_1_and_the_losses_int64_labels() -> None:
    shades = torch.arange(256, dtype=torch.uint8).expand(2, 3, 1, 256)
    images, labels = to_model_input((shades, torch.tensor([[[0, 255]]], dtype=torch.uint8)), "cpu")
    assert (images.dtype, labels.dtype) == (torch.float32, torch.int64)
    # The nearest float to each quotient, as predictions have it too.
    expected = (np.arange(256) / 255).astype(np.float32)
    assert np.array_equal(images.numpy(), np.broadcast_to(expected, images.shape))
    assert labels.tolist() == [[[0, 255]]]


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
        assert torch.equal(image[0] == 200, labels == 2) if pasted else bool((image == 50).all())


def test_copy_paste_takes_from_the_samples_that_weigh_something(tmp_path: Path) -> None:
    samples = [object_sample(tmp_path, name, label, 50) for label, name in enumerate(("a", "b", "c"), start=1)]
    dataset = SemanticDataset(samples, PLAIN, CopyPaste(1.0, 255, np.array([0.0, 0.0, 2.0])))
    shown = [set(np.unique(dataset[0, seed][1].numpy())) for seed in range(40)]
    assert set.union(*shown) == {0, 1, 3}


def test_copy_paste_changes_no_sample_that_it_leaves_alone_and_depends_on_the_seed_alone(tmp_path: Path) -> None:
    samples = [write_sample(tmp_path, name) for name in ("a", "bb", "ccc")]
    plain, never = SemanticDataset(samples, LIVELY), SemanticDataset(samples, LIVELY, CopyPaste(0.0, 255))
    always = SemanticDataset(samples, LIVELY, CopyPaste(1.0, 255))
    for seed in range(4):
        assert all(torch.equal(a, b) for a, b in zip(plain[0, seed], never[0, seed], strict=True))
        first = always[0, seed]
        torch.manual_seed(seed + 9)
        assert all(torch.equal(a, b) for a, b in zip(first, always[0, seed], strict=True))


KEPT = {
    "square": (InputSize(True, 24), {"horizontal_flip": 0.5, "rotation": 30.0, "brightness": 0.4}),
    "short side": (InputSize(False, 16, multiple=4), {"horizontal_flip": 0.5}),
    "random scale": (None, {"scale": (0.5, 2.0), "crop": 16}),
}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("size", "options"), KEPT.values(), ids=KEPT)
def test_what_is_kept_changes_no_sample(size: InputSize | None, options: Any, dtype: type, tmp_path: Path) -> None:
    samples = [write_sample(tmp_path, name, (33, 41), dtype) for name in ("a", "bb", "ccc")]
    label_dtype = torch.uint8 if dtype is np.uint8 else torch.int32
    resizing = RandomScale(size or InputSize(False, 24), resize_antialiased, options.get("scale", (1.0, 1.0)))
    others = {name: value for name, value in options.items() if name != "scale"}
    augmentation = build_augmentation(mask_fill=255, resizing=resizing, **others)
    store = PixelStore(tmp_path, [stored_bytes((33, 41), np.dtype(dtype).itemsize)] * 3, 10**6)
    keeping = SemanticDataset(
        samples, augmentation, CopyPaste(0.5, 255), label_dtype, SampleCache(store, resize_antialiased, size)
    )
    plain = SemanticDataset(samples, augmentation, CopyPaste(0.5, 255))
    expected = [plain[index, seed] for index in range(3) for seed in range(5)]
    for _ in range(2):
        found = [keeping[index, seed] for index in range(3) for seed in range(5)]
        for (image, labels), (expected_image, expected_labels) in zip(found, expected, strict=True):
            assert torch.equal(image, expected_image)
            assert torch.equal(labels.int(), expected_labels)
            assert labels.dtype == label_dtype
        # The second time nothing is left to read.
        for sample in samples:
            sample.image.unlink(missing_ok=True)


@given(
    st.tuples(st.integers(20, 700), st.integers(20, 700)),
    st.booleans(),
    st.integers(16, 300),
    st.sampled_from([1, 8, 32]),
)
def test_the_size_to_keep_leads_to_the_same_input_size(
    size: tuple[int, int], square: bool, side: int, multiple: int
) -> None:
    resized = InputSize(square, side, multiple)
    assert resized.of(size_to_keep(size, resized)) == resized.of(size)
    assert size_to_keep(size, None) == size
    assert not square or size_to_keep(size, resized) == resized.of(size)


def test_a_label_map_of_another_size_is_refused_with_both_names(tmp_path: Path) -> None:
    sample = write_sample(tmp_path)
    cv2.imwrite(str(sample.label_map), np.zeros((18, 13), np.uint8))
    with pytest.raises(DataError, match=r"a\.png: is \(18, 13\).* a image\.png is \(13, 18\)"):
        SemanticDataset([sample], PLAIN)[0, 0]


def test_a_panoptic_sample_is_its_segment_ids_kept_or_not(tmp_path: Path) -> None:
    ids = np.zeros((6, 8), np.uint32)
    ids[1:4, 2:5], ids[4:, :] = 4097, 256**3 - 1
    cv2.imwrite(str(tmp_path / "a.png"), np.full((6, 8, 3), 9, np.uint8))
    write_panoptic_png(tmp_path / "ids.png", ids)
    sample = SemanticSample(tmp_path / "a.png", tmp_path / "ids.png", panoptic=True)
    store = PixelStore(tmp_path, [stored_bytes((6, 8), 4)], 10**6)
    turned = build_augmentation(mask_fill=0, horizontal_flip=1.0, rotation=1e-6)
    for cache in (None, SampleCache(store, resize_antialiased)):
        dataset = SemanticDataset([sample], turned, cache=cache)
        for _ in range(2):
            assert np.array_equal(dataset[0, 3][1].numpy(), ids[:, ::-1])
    assert store.get(0) is not None
