"""Samples, batches and label maps of a training."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from maskwright.datasets.instance import InstanceDataset
from maskwright.datasets.sampling import pixel_rarity_weights
from maskwright.datasets.semantic import SemanticDataset
from maskwright.errors import DataError
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import create_run
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


def test_workers_change_nothing(tmp_path: Path) -> None:
    # One part of the augmentation is done by the workers, the other after them.
    augment = "augment={rotation: 20, horizontal_flip: 0.5, vertical_flip: 0.5, brightness: 0.2}"
    settings = (augment, "train.augment_on=device")
    alone = with_masks(tmp_path / "alone", *settings)
    other = with_masks(tmp_path / "other", *settings, "train.workers=1")
    for (images, labels), (others, other_labels) in zip(build_loader(alone)[0], build_loader(other)[0], strict=True):
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


@pytest.mark.parametrize("recipe", ["demo-semantic", "demo-instance"])
@pytest.mark.parametrize("name", ["shuffle", "rare_classes", "repeat_factor"])
def test_copy_paste_draws_its_source_as_the_sampler_draws(name: str, recipe: str, tmp_path: Path) -> None:
    sampling = f"train.sampling={{name: {name}, threshold: 1}}"
    made = begun(tmp_path / "run", sampling, "augment.copy_paste=0.5", "augment.scale=null", recipe=recipe)
    if recipe == "demo-semantic":
        masks_stage(made)
    loader, sampler = build_loader(made)
    dataset = loader.dataset
    assert isinstance(dataset, SemanticDataset | InstanceDataset)
    ends = dataset.sources.ends
    if name == "shuffle":
        assert ends is None
        return
    weights = sampler.shares if sampler.repeats is None else sampler.repeats / sampler.repeats.sum()
    assert weights is not None
    assert ends is not None
    assert weights.min() < weights.max()
    assert np.diff(ends, prepend=0) == pytest.approx(weights)


def crowded(folder: Path, *overrides: str, task: str = "semantic") -> Experiment:
    """Ten images of a thing, of which one shows a crowd of another class besides, and one nothing but that crowd."""
    square = [[4, 4, 20, 4, 20, 20, 4, 20]]
    crowd = {"counts": [0, 30, 48 * 64 - 30], "size": [48, 64]}
    shapes = [(number, 1, square, 0) for number in range(1, 10)] + [(9, 2, crowd, 1), (10, 2, crowd, 1)]
    annotations = [
        {"id": place, "image_id": image, "category_id": category, "segmentation": segmentation, "iscrowd": is_crowd}
        for place, (image, category, segmentation, is_crowd) in enumerate(shapes, start=1)
    ]
    images = [{"id": number, "file_name": f"{number}.png", "width": 64, "height": 48} for number in range(1, 11)]
    for image in images:
        cv2.imwrite(str(folder / image["file_name"]), np.full((48, 64, 3), 9 * image["id"], np.uint8))
    categories = [{"id": 1, "name": "thing"}, {"id": 2, "name": "other"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "labels.json").write_text(json.dumps(content))
    part = f"{{images: {folder}, annotations: {folder / 'labels.json'}}}"
    data = ["classes=all", f"data={{train: {part}, validation: {part}}}", *overrides]
    recipe = load_recipe(f"demo-{task}", ["train.batch_size=4", "model.input.size=64", *data])
    return Experiment(create_run(recipe, folder / "run", Reporter(quiet=True)))


@pytest.mark.parametrize("name", ["rare_classes", "repeat_factor"])
@pytest.mark.parametrize(
    ("task", "rule"), [("semantic", "ignore"), ("semantic", "skip"), ("semantic", "include"), ("instance", None)]
)
def test_a_crowd_shows_its_class_only_where_it_is_drawn(name: str, task: str, rule: str | None, tmp_path: Path) -> None:
    overrides = [f"train.sampling={{name: {name}, power: 1, threshold: 1}}"]
    made = crowded(tmp_path, *overrides, *([f"data.crowd={rule}"] if rule else []), task=task)
    if task == "semantic":
        masks_stage(made)
    loader, sampler = build_loader(made)
    weights = sampler.shares if sampler.repeats is None else sampler.repeats
    assert weights is not None
    power = 1 if name == "rare_classes" else 0.5
    # Nine images of ten show the first class. Where the crowds are drawn two show the other, else the last shows none.
    factors = [10 / 9] * 8 + [5] * 2 if rule == "include" else [10 / 9] * 9 + [1]
    assert weights / weights[0] == pytest.approx((np.array(factors) / factors[0]) ** power)
    assert len(list(loader)) == len(sampler) // 4


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
