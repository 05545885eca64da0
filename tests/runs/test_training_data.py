"""Samples, batches and label maps of a training."""

from pathlib import Path

import numpy as np
import pytest
import torch

from maskwright.datasets.sampling import pixel_rarity_weights
from maskwright.errors import DataError
from maskwright.runs.context import Experiment
from maskwright.runs.mask_statistics import training_pixels
from maskwright.runs.masks import masks_stage
from maskwright.runs.training_data import build_loader
from tests.runs.small_experiments import begun, with_masks


@pytest.fixture
def drawn(tmp_path: Path) -> Experiment:
    return with_masks(tmp_path / "run")


def test_batches_are_whole_and_repeat_by_epoch(drawn: Experiment) -> None:
    loader, sampler = build_loader(drawn)
    epochs = []
    for epoch in (1, 1, 2):
        sampler.set_epoch(epoch)
        epochs.append([(images.numpy(), labels.numpy()) for images, labels in loader])
    assert [images.shape for images, _ in epochs[0]] == [(4, 3, 64, 64)] * 2
    assert all(np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]) for a, b in zip(*epochs[:2], strict=True))
    assert not np.array_equal(epochs[0][0][0], epochs[2][0][0])


def test_workers_change_nothing(drawn: Experiment, tmp_path: Path) -> None:
    other = begun(tmp_path / "other", "train.workers=1")
    masks_stage(other)
    for (images, labels), (others, other_labels) in zip(build_loader(drawn)[0], build_loader(other)[0], strict=True):
        assert np.array_equal(images, others)
        assert np.array_equal(labels, other_labels)


@pytest.mark.parametrize("augment", ["augment.scale=null", "augment={scale: [0.5, 2.0], crop: 64}"])
def test_what_is_kept_of_the_first_epoch_changes_no_batch(augment: str, tmp_path: Path) -> None:
    # Nothing is kept for a single epoch.
    keeping, decoding = (begun(tmp_path / name, augment, f"train.epochs={name}") for name in ("2", "1"))
    loaders = []
    for made in (keeping, decoding):
        masks_stage(made)
        loaders.append(build_loader(made))
    kept, plain = (loader.dataset.kept for loader, _ in loaders)
    assert plain is None
    assert len(kept.store) == 10
    for epoch in (1, 2):
        for _, sampler in loaders:
            sampler.set_epoch(epoch)
        for (images, labels), (others, other_labels) in zip(*(loader for loader, _ in loaders), strict=True):
            assert (images.dtype, labels.dtype) == (torch.float32, torch.int64)
            assert torch.equal(images, others)
            assert torch.equal(labels, other_labels)
    assert sum(kept.store.get(index) is not None for index in range(10)) >= 8


def test_where_nothing_can_be_kept_images_are_decoded(drawn: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("maskwright.datasets.pixel_store.tempfile.TemporaryFile", refused)
    loader, _ = build_loader(drawn)
    assert len(list(loader)) == 2


@pytest.mark.parametrize("name", ["rare_classes", "inverse_frequency"])
def test_images_that_weigh_more_come_more_often(name: str, drawn: Experiment, tmp_path: Path) -> None:
    made = begun(tmp_path / "other", f"train.sampling={{name: {name}, power: 1}}")
    masks_stage(made)
    _, sampler = build_loader(made)
    if name == "inverse_frequency":
        expected = pixel_rarity_weights(training_pixels(made), 1.0)
        assert sampler.shares == pytest.approx(expected / expected.sum())
    assert sampler.shares is not None
    assert sampler.shares.min() < sampler.shares.max()
    counts = np.zeros(10)
    for epoch in range(300):
        sampler.set_epoch(epoch)
        counts += np.bincount([index for index, _ in sampler], minlength=10)
    assert np.corrcoef(counts, sampler.shares)[0, 1] > 0.9


def test_repeated_images_make_the_epoch_longer_by_a_fixed_number(drawn: Experiment, tmp_path: Path) -> None:
    made = begun(tmp_path / "other", "train.sampling={name: repeat_factor, threshold: 1}", "train.batch_size=2")
    masks_stage(made)
    loader, sampler = build_loader(made)
    assert 10 < len(sampler) < 20
    assert len(loader) == len(sampler) // 2


def test_copy_paste_brings_more_objects_into_the_batches(drawn: Experiment, tmp_path: Path) -> None:
    other = begun(tmp_path / "other", "augment.copy_paste=1", "augment.hue=0")
    plain = begun(tmp_path / "plain", "augment.hue=0")
    shares = []
    for made in (plain, other):
        masks_stage(made)
        shares.append(np.mean([(labels.numpy() > 0).mean() for _, labels in build_loader(made)[0]]))
    assert shares[1] > 1.2 * shares[0]


def test_instance_batches_are_lists_of_images_and_targets(tmp_path: Path) -> None:
    loader, _ = build_loader(begun(tmp_path / "run", recipe="demo-instance"))
    images, targets = next(iter(loader))
    assert len(images) == len(targets) == 4
    for image, target in zip(images, targets, strict=True):
        assert target["masks"].shape[1:] == image.shape[1:]


def test_fewer_images_than_a_batch_is_an_error(tmp_path: Path) -> None:
    made = begun(tmp_path / "run", "train.batch_size=16")
    masks_stage(made)
    with pytest.raises(DataError, match=r"10 images; expected .* batch of 16.*batch_size"):
        build_loader(made)
