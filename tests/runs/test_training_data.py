"""Samples, batches and label maps of a training."""

from pathlib import Path

import numpy as np
import pytest
import torch

from maskwright.datasets.sampling import pixel_rarity_weights
from maskwright.errors import DataError, UsageError
from maskwright.masks.png import read_label_map
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.runs.context import Experiment
from maskwright.runs.folder import create_run
from maskwright.runs.mask_statistics import semantic_samples, training_pixels
from maskwright.runs.masks import masks_stage
from maskwright.runs.prepare import DataSplit
from maskwright.runs.training_data import build_loader


def experiment(folder: Path, *overrides: str, recipe: str = "demo-semantic") -> Experiment:
    small = ["data.shapes={train: 10, validation: 2, seed: 3}", "train.batch_size=4", "model.input.size=64"]
    return Experiment(create_run(load_recipe(recipe, [*small, *overrides]), folder, Reporter(quiet=True)))


@pytest.fixture
def drawn(tmp_path: Path) -> Experiment:
    """A semantic experiment whose label maps are drawn."""
    made = experiment(tmp_path / "run")
    masks_stage(made)
    return made


def test_every_image_has_a_label_map_of_its_size(drawn: Experiment) -> None:
    for name, part in drawn.prepared.parts.items():
        samples = semantic_samples(drawn, part)
        assert len(samples) == len(part.selection.images)
        for sample, objects in zip(samples, part.selection.images, strict=True):
            assert sample.label_map.is_relative_to(drawn.masks_folder(name))
            assert read_label_map(sample.label_map).shape == (objects.image.height, objects.image.width)


def test_missing_label_maps_are_named(tmp_path: Path) -> None:
    made = experiment(tmp_path / "run")
    part: DataSplit = made.prepared.parts["train"]
    with pytest.raises(UsageError, match=r"10 in all.*Run the masks stage"):
        semantic_samples(made, part)


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
    other = experiment(tmp_path / "other", "train.workers=1")
    masks_stage(other)
    for (images, labels), (others, other_labels) in zip(build_loader(drawn)[0], build_loader(other)[0], strict=True):
        assert np.array_equal(images, others)
        assert np.array_equal(labels, other_labels)


@pytest.mark.parametrize("augment", ["augment.scale=null", "augment={scale: [0.5, 2.0], crop: 64}"])
def test_what_is_kept_of_the_first_epoch_changes_no_batch(augment: str, tmp_path: Path) -> None:
    # Nothing is kept for a single epoch.
    keeping, decoding = (experiment(tmp_path / name, augment, f"train.epochs={name}") for name in ("2", "1"))
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
    made = experiment(tmp_path / "other", f"train.sampling={{name: {name}, power: 1}}")
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
    made = experiment(tmp_path / "other", "train.sampling={name: repeat_factor, threshold: 1}", "train.batch_size=2")
    masks_stage(made)
    loader, sampler = build_loader(made)
    assert 10 < len(sampler) < 20
    assert len(loader) == len(sampler) // 2


def test_pixels_are_counted_in_the_masks_that_were_drawn(drawn: Experiment) -> None:
    counts = training_pixels(drawn)
    part = drawn.prepared.parts["train"]
    for row, sample in zip(counts, semantic_samples(drawn, part), strict=True):
        labels = read_label_map(sample.label_map)
        assert row.tolist() == [int((labels == label).sum()) for label in range(len(drawn.prepared.table) + 1)]
    assert (drawn.masks_folder("train") / "pixel_counts.csv").is_file()


def test_copy_paste_brings_more_objects_into_the_batches(drawn: Experiment, tmp_path: Path) -> None:
    other = experiment(tmp_path / "other", "augment.copy_paste=1", "augment.hue=0")
    plain = experiment(tmp_path / "plain", "augment.hue=0")
    shares = []
    for made in (plain, other):
        masks_stage(made)
        shares.append(np.mean([(labels.numpy() > 0).mean() for _, labels in build_loader(made)[0]]))
    assert shares[1] > 1.2 * shares[0]


def test_instance_batches_are_lists_of_images_and_targets(tmp_path: Path) -> None:
    loader, _ = build_loader(experiment(tmp_path / "run", recipe="demo-instance"))
    images, targets = next(iter(loader))
    assert len(images) == len(targets) == 4
    for image, target in zip(images, targets, strict=True):
        assert target["masks"].shape[1:] == image.shape[1:]


def test_fewer_images_than_a_batch_is_an_error(tmp_path: Path) -> None:
    made = experiment(tmp_path / "run", "train.batch_size=16")
    masks_stage(made)
    with pytest.raises(DataError, match=r"10 images; expected .* batch of 16.*batch_size"):
        build_loader(made)
