"""An instance training from a recipe against torchvision's own Mask R-CNN in a bare PyTorch loop."""

import copy
import csv
from pathlib import Path

import pytest
import torch
import torchvision
from lightning_fabric import Fabric
from safetensors.torch import load_file
from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor

from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.runs.context import build_model
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import create_run
from maskwright.runs.training import train_stage
from maskwright.runs.training_data import build_loader

STEPS, SEED, SIDE, ANCHORS = 20, 3, 64, (12, 24, 36, 48, 64)
OVERRIDES = [
    f"seed={SEED}", "data.shapes={train: 3, validation: 1}", "model.name=mask_rcnn_small",
    "model.options={pyramid_channels: 16, box_features: 32, mask_channels: [16, 16], proposals_train: 60, "
    f"proposals_test: 20, rois_per_image: 32, anchor_sizes: {list(ANCHORS)}}}",
    f"model.input={{resize: short-side, size: {SIDE}, longest: {SIDE}}}", "augment.horizontal_flip=0.5",
    # An epoch is one batch, so that metrics.csv has a row for each step.
    f"train.epochs={STEPS}", f"train.validate_every={STEPS}", "train.batch_size=2", "train.device=cpu",
    "train.optimizer={name: sgd, lr: 0.02, momentum: 0.9, weight_decay: 5.0e-4}", "train.schedule={name: constant}",
]  # fmt: skip
PARTS = ("classifier", "box_reg", "mask", "objectness", "rpn_box_reg")


def torchvisions(classes: int) -> MaskRCNN:
    features = torchvision.models.mobilenet_v3_small(weights=None).features
    last_of_each_stride = {"1": "0", "3": "1", "8": "2", "12": "3"}
    return MaskRCNN(
        BackboneWithFPN(features, last_of_each_stride, [16, 24, 48, 576], 16),
        min_size=SIDE,
        max_size=SIDE,
        rpn_anchor_generator=AnchorGenerator(tuple((size,) for size in ANCHORS), ((0.5, 1.0, 2.0),) * 5),
        rpn_pre_nms_top_n_train=60,
        rpn_post_nms_top_n_train=60,
        box_head=TwoMLPHead(16 * 7 * 7, 32),
        box_predictor=FastRCNNPredictor(32, classes + 1),
        box_batch_size_per_image=32,
        mask_head=MaskRCNNHeads(16, [16, 16], 1),
        mask_predictor=MaskRCNNPredictor(16, 16, classes + 1),
    )


def bare_losses(experiment: Experiment, weights: dict[str, torch.Tensor]) -> list[dict[str, float]]:
    """What torchvision's training reference does: sum the losses, go backward, step."""
    model = torchvisions(len(experiment.prepared.table))
    model.load_state_dict(weights)
    model.train()
    optimiser = torch.optim.SGD(model.parameters(), 0.02, momentum=0.9, weight_decay=5e-4)
    loader, sampler = build_loader(experiment)
    losses = []
    for epoch in range(1, STEPS + 1):
        torch.manual_seed(SEED * 1_000_003 + epoch)
        sampler.set_epoch(epoch, 0)
        for images, targets in loader:
            parts = model(images, targets)
            optimiser.zero_grad()
            sum(parts.values()).backward()
            optimiser.step()
            losses.append({key.removeprefix("loss_"): value.item() for key, value in parts.items()})
    return losses


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """The losses of every step: those in ``metrics.csv`` and those of the bare loop."""
    out: Path = tmp_path_factory.mktemp("run")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    experiment = Experiment(create_run(load_recipe("demo-instance", OVERRIDES), out / "run", Reporter(quiet=True)))
    torch.manual_seed(0)
    model: nn.Module = build_model(experiment.recipe, experiment.prepared.table.names)[0]
    weights = copy.deepcopy(model.state_dict())
    train_stage(experiment, model, Fabric(accelerator="cpu", devices=1))
    bare = bare_losses(experiment, weights)
    torch.set_num_threads(threads)
    with (out / "run" / "metrics.csv").open(newline="") as file:
        rows = [{name: float(row[f"train/{name}"]) for name in (*PARTS, "loss")} for row in csv.DictReader(file)]
    return rows, bare


def test_twenty_steps_lose_what_a_bare_loop_over_torchvisions_model_loses(steps) -> None:
    ours, bare = steps
    assert len(ours) == len(bare) == STEPS
    for step, parts in zip(ours, bare, strict=True):
        assert {name: step[name] for name in PARTS} == pytest.approx(parts, abs=1e-6, rel=0)
        assert step["loss"] == pytest.approx(sum(parts.values()), abs=1e-6, rel=0)


def test_and_they_learn(steps) -> None:
    totals = [row["loss"] for row in steps[0]]
    assert sum(totals[-3:]) < 0.7 * sum(totals[:3])


def test_at_a_head_only_start_the_backbone_keeps_its_weights(tmp_path: Path) -> None:
    more = ["train.epochs=2", "train.head_only_epochs=1", "train.checkpoint_every=1", "train.validate_every=2"]
    recipe = load_recipe("demo-instance", [*OVERRIDES, *more])
    experiment = Experiment(create_run(recipe, tmp_path / "run", Reporter(quiet=True)))
    torch.manual_seed(0)
    model: nn.Module = build_model(recipe, experiment.prepared.table.names)[0]
    before = copy.deepcopy(model.state_dict())
    train_stage(experiment, model, Fabric(accelerator="cpu", devices=1))
    names = [name for name, _ in model.named_parameters()]
    changed = []
    for epoch in ("epoch-0001", "epoch-0002"):
        weights = load_file(tmp_path / "run" / "checkpoints" / epoch / "model.safetensors")
        changed.append({name for name in names if not torch.equal(weights[name], before[name])})
    body = {name for name in names if name.startswith("backbone.body.")}
    assert changed[0]
    assert not changed[0] & body
    assert changed[1] & body
