"""The validation loss is the training's loss of the images as they are, and computing it changes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from lightning_fabric import Fabric
from torch import nn
from torch.nn import functional

from maskwright.annotations.objects import ImageObjects
from maskwright.datasets.augmentation import RandomScale, build_augmentation
from maskwright.datasets.instance import collate, to_detection_input
from maskwright.datasets.semantic import SemanticDataset
from maskwright.images.decode import read_image
from maskwright.models.mask_rcnn import build_mask_rcnn
from maskwright.prediction.resizing import resize_antialiased
from maskwright.runs.context import build_model, input_size, predictor_of
from maskwright.runs.evaluation import evaluate_part
from maskwright.runs.experiment import Experiment
from maskwright.runs.instance_data import instance_dataset
from maskwright.runs.losses import SemanticLosses, batch_losses
from maskwright.runs.mask_statistics import semantic_samples
from maskwright.runs.metrics.mean_losses import MeanLosses
from maskwright.runs.metrics.validation_loss import OwnValidationLoss, SemanticValidationLoss, giving_losses
from maskwright.training.interruption import StopRequest
from maskwright.training.processes import ProcessGroup
from tests.models.detectron2.conftest import tiny
from tests.runs.small_experiments import begun, with_masks

FABRIC = Fabric(accelerator="cpu", devices=1)
SEMANTIC = ["model.options={widths: [4, 8], bottleneck: 8}"]
INSTANCE = [
    "model.options.proposals_train=50", "model.options.proposals_test=20", "train.validate_every=1",
    "data.shapes={train: 60, validation: 6}",
]  # fmt: skip
SMALL: dict[str, Any] = {
    "backbone": "resnet18", "pyramid_channels": 16, "box_features": 16, "mask_channels": (8, 8), "short_side": 64,
    "longest": 96, "anchor_sizes": (8, 16, 32, 64, 96),
}  # fmt: skip


def network(experiment: Experiment) -> nn.Module:
    torch.manual_seed(3)
    model, _ = build_model(experiment.recipe, experiment.prepared.table.names)
    return model.eval()


def images_of(experiment: Experiment) -> list[tuple[ImageObjects, npt.NDArray[np.uint8]]]:
    part = experiment.prepared.parts["validation"]
    return [(objects, read_image(part.path_of(objects))) for objects in part.selection.images]


@pytest.mark.parametrize("seen_at", ["{resize: square, size: 48}", "{resize: short-side, size: 40, multiple: 8}"])
def test_the_semantic_loss_is_that_of_the_samples_without_augmentation(seen_at: str, tmp_path: Path) -> None:
    made = with_masks(tmp_path / "run", *SEMANTIC, f"model.input={seen_at}", "augment={horizontal_flip: 1, crop: 32}")
    losses, model = batch_losses(made, FABRIC), network(made)
    assert isinstance(losses, SemanticLosses)
    ours = SemanticValidationLoss(made, losses.of_output)
    with torch.inference_mode():
        evaluate_part(made, predictor_of(made, model), "validation", None, watch=ours.watch)
        found = ours.finish(model).means()
        ignore, model_of = made.prepared.table.ignore_index, made.recipe.model
        size = input_size(model_of.name, model_of.options, model_of.input)
        plain = build_augmentation(mask_fill=ignore, resizing=RandomScale(size, resize_antialiased))
        samples = SemanticDataset(semantic_samples(made, made.prepared.parts["validation"]), plain)
        expected = []
        for number in range(len(samples)):
            image, labels = samples[number, 0]
            logits = model(image[None] / 255)["logits"]
            expected.append(float(functional.cross_entropy(logits, labels[None].long(), ignore_index=ignore)))
    assert list(found) == ["loss", "cross_entropy"]
    assert found["loss"] == pytest.approx(sum(expected) / len(expected), rel=1e-5)
    assert ours.finish(model).means() == {}  # the next validation begins anew


def test_images_in_one_batch_have_the_losses_of_single_ones(tmp_path: Path) -> None:
    made = with_masks(tmp_path / "run", *SEMANTIC, "loss.name=dice_ce", "data.shapes.validation=3")
    losses, model = batch_losses(made, FABRIC), network(made)
    assert isinstance(losses, SemanticLosses)
    ours = SemanticValidationLoss(made, losses.of_output)
    images, found = images_of(made), []
    for batch in (1, 3):
        list(predictor_of(made, model).label_maps(images, batch=batch, watch=ours.watch))
        found.append(ours.finish(model).means())
    assert found[1] == {name: pytest.approx(value, rel=1e-5) for name, value in found[0].items()}


def test_the_instance_loss_is_the_mean_of_the_training_losses_of_the_images(tmp_path: Path) -> None:
    made = begun(tmp_path / "run", *INSTANCE, "augment.copy_paste=1", recipe="demo-instance")
    losses, model = batch_losses(made, FABRIC), network(made)
    ours = OwnValidationLoss(made, losses, ProcessGroup(), StopRequest())
    assert ours.images == 2  # of 60 training images, one in 30
    with torch.inference_mode():
        found = ours.finish(model).means()
        assert ours.finish(model).means() == found  # the same proposals are drawn each time
    expected = []
    samples = instance_dataset(made, "validation", augmented=False)
    for number in ours._chosen:
        images, targets = to_detection_input(collate([samples[number, 0]]), "cpu")
        assert len(targets[0]["labels"]) == len(made.prepared.parts["validation"].selection.images[number].labels)
        model.train()
        for part in model.modules():
            part.train(not isinstance(part, nn.BatchNorm2d) and part.training)
        torch.manual_seed(number)
        expected.append({name: value.item() for name, value in model(images, targets).items()})
    for name in expected[0]:
        mean = sum(each[name] for each in expected) / len(expected)
        assert found[name.removeprefix("loss_")] == pytest.approx(mean, rel=1e-5), name
    assert found["loss"] == pytest.approx(sum(sum(each.values()) for each in expected) / len(expected), rel=1e-5)


def test_two_processes_together_have_the_loss_of_one(tmp_path: Path) -> None:
    made = begun(tmp_path / "run", *INSTANCE, "train.validate_every=2", recipe="demo-instance")
    losses, model = batch_losses(made, FABRIC), network(made)
    shares = []
    for rank, of in ((0, 1), (0, 2), (1, 2)):
        processes = ProcessGroup()
        processes.rank, processes.world_size = rank, of
        shares.append(OwnValidationLoss(made, losses, processes, StopRequest()).finish(model).on_cpu())
    assert [share.images for share in shares] == [4, 2, 2]
    assert MeanLosses.merged(shares[1:]).means() == pytest.approx(shares[0].means(), rel=1e-6)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "mask_rcnn": lambda: build_mask_rcnn(4, **SMALL),
    "normalised heads": lambda: build_mask_rcnn(4, version=2, **SMALL),
    "detectron2 mask_rcnn": lambda: tiny("mask_rcnn", classes=4),
    "detectron2 point_rend": lambda: tiny("point_rend", classes=4),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_neither_weights_nor_statistics_nor_random_numbers_change(name: str, tmp_path: Path) -> None:
    made = begun(tmp_path / "run", *INSTANCE, recipe="demo-instance")
    model = NETWORKS[name]().train()
    model.backbone.eval()  # type: ignore[operator]
    batch = to_detection_input(collate([instance_dataset(made, "validation", augmented=False)[0, 0]]), "cpu")
    modes = [part.training for part in model.modules()]
    before = {key: value.clone() for key, value in model.state_dict().items()}
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with torch.inference_mode(), giving_losses(model, torch.device("cpu")):
        torch.manual_seed(11)
        found = model(*batch)
    assert found
    assert all(value.isfinite() and value.dim() == 0 for value in found.values())
    assert torch.equal(torch.rand(3), expected)
    assert [part.training for part in model.modules()] == modes
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    # Nothing that the losses have left behind keeps the next step from its gradients.
    torch.stack(list(model.train()(*batch).values())).sum().backward()
