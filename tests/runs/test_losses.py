"""The loss of a batch is the one the recipe asks for, with the weights that the masks give."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from maskwright.errors import UsageError
from maskwright.models.losses.class_weights import class_weights
from maskwright.models.losses.cross_entropy import cross_entropy
from maskwright.models.losses.tversky import dice
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import create_run
from maskwright.runs.losses import SemanticLosses, batch_losses, memory_format_of, recipe_loss
from maskwright.runs.mask_statistics import training_pixels
from maskwright.runs.masks import masks_stage
from maskwright.training import device

FABRIC = Fabric(accelerator="cpu", devices=1)


def experiment(folder: Path, *overrides: str) -> Experiment:
    recipe = load_recipe("demo-semantic", ["data.shapes={train: 4, validation: 1}", *overrides])
    return Experiment(create_run(recipe, folder, Reporter(quiet=True)))


class TwoHeads(nn.Module):
    """Fixed logits for the main and the auxiliary head."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.main = nn.Parameter(torch.randn(2, 5, 8, 8, generator=generator))
        self.other = nn.Parameter(torch.randn(2, 5, 8, 8, generator=generator))

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"logits": self.main, "auxiliary": self.other}


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    labels = torch.randint(0, 5, (2, 8, 8), generator=torch.Generator().manual_seed(1))
    labels[:, :2] = 255
    return torch.zeros(2, 3, 8, 8), labels


def test_both_heads_are_trained_by_the_loss_of_the_recipe(tmp_path: Path) -> None:
    made = experiment(tmp_path / "run", "loss={name: dice_ce, auxiliary: 0.25}")
    model, (images, labels) = TwoHeads(), batch()
    losses = batch_losses(made, FABRIC)(model, (images, labels))
    assert list(losses) == ["cross_entropy", "dice", "auxiliary"]
    assert losses["cross_entropy"].item() == cross_entropy(model.main, labels, 255).item()
    other = cross_entropy(model.other, labels, 255) + dice(model.other, labels, 255)
    assert losses["auxiliary"].item() == pytest.approx(0.25 * other.item())


def test_the_losses_of_an_output_are_those_of_the_batch(tmp_path: Path) -> None:
    losses = batch_losses(experiment(tmp_path / "run", "loss={name: dice_ce, auxiliary: 0.25}"), FABRIC)
    assert isinstance(losses, SemanticLosses)
    model, (images, labels) = TwoHeads(), batch()
    assert losses.of_output(model(images), labels) == losses(model, (images, labels))  # type: ignore[arg-type]


def test_an_auxiliary_weight_of_zero_leaves_the_second_head_alone(tmp_path: Path) -> None:
    made = experiment(tmp_path / "run", "loss.auxiliary=0")
    assert list(batch_losses(made, FABRIC)(TwoHeads(), batch())) == ["cross_entropy"]


@pytest.mark.parametrize("rule", ["inverse_frequency", "effective_number"])
def test_class_weights_come_from_the_training_masks_and_stand_on_the_card(rule: str, tmp_path: Path) -> None:
    made = experiment(tmp_path / "run", f"loss.class_weights={rule}", "loss.effective_beta=0.9")
    masks_stage(made)
    model, (images, labels) = TwoHeads(), batch()
    ours = batch_losses(made, FABRIC)(model, (images, labels))["cross_entropy"]
    weights = class_weights(rule, training_pixels(made), 0.9)
    theirs = nn.functional.cross_entropy(model.main, labels, torch.from_numpy(weights), ignore_index=255)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)
    card = json.loads((made.run.path / "card.json").read_text())["class_weights"]
    assert list(card) == ["background", "disc", "square", "triangle", "ring"]
    assert list(card.values()) == pytest.approx(weights.tolist(), rel=1e-3)
    assert np.argmin(list(card.values())) == 0  # the background is the largest


class Points(nn.Module):
    """Fixed logits for the image and for some points of it."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.main = nn.Parameter(torch.randn(2, 5, 8, 8, generator=generator))
        self.points = torch.rand(2, 30, 2, generator=generator)
        self.found = nn.Parameter(torch.randn(2, 5, 30, generator=generator))

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"logits": self.main, "points": self.points, "point_logits": self.found}


def test_points_cost_the_cross_entropy_of_their_pixels_whatever_the_loss_of_the_others(tmp_path: Path) -> None:
    made = experiment(tmp_path / "run", "loss={name: focal, class_weights: inverse_frequency}")
    masks_stage(made)
    model, (images, labels) = Points(), batch()
    losses = batch_losses(made, FABRIC)(model, (images, labels))
    assert list(losses) == ["focal", "points"]
    x, y = (8 * model.points).long().unbind(2)
    true = torch.stack([labels[0][y[0], x[0]], labels[1][y[1], x[1]]])
    assert 0 < (true == 255).sum() < 60
    weights = torch.from_numpy(class_weights("inverse_frequency", training_pixels(made), 0.9))
    theirs = nn.functional.cross_entropy(model.found, true, weights, ignore_index=255)
    assert losses["points"].item() == pytest.approx(theirs.item(), rel=1e-5)


OPTIONS = {
    "cross_entropy": ["", "ohem_share: 0.1", "ohem_threshold: 0.02", "ohem_share: 0.3, ohem_threshold: 0.02"],
    "focal": ["", "focal_gamma: 1", "boundary_weight: 3", "boundary_weight: 3, boundary_sigma: 1"],
    "tversky": ["", "tversky_alpha: 0.9", "tversky_beta: 0.1"],
    "focal_tversky": ["", "tversky_alpha: 0.9", "tversky_beta: 0.1", "tversky_gamma: 3"],
}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_of_the_section_reaches_the_loss(name: str, tmp_path: Path) -> None:
    labels = torch.zeros(2, 8, 8, dtype=torch.int64)
    labels[:, :, 7] = 3  # one border, and pixels at every distance from it
    values = []
    for i, option in enumerate(OPTIONS[name]):
        made = experiment(tmp_path / str(i), f"loss={{name: {name}, {option}}}")
        values.append(recipe_loss(made, None)(TwoHeads().main, labels)[name].item())
    assert len(set(values)) == len(values)


def test_a_batch_of_one_image_for_a_network_that_needs_two_is_told_so(tmp_path: Path) -> None:
    made = experiment(tmp_path / "run")

    class Pooling(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm2d(3)

        def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"logits": self.norm(images.mean(dim=(2, 3), keepdim=True))}

    images, labels = batch()
    with pytest.raises(UsageError, match=r"train\.batch_size 1: .*at least 2"):
        batch_losses(made, FABRIC)(Pooling().train(), (images[:1], labels[:1]))


@pytest.mark.parametrize(
    ("recipe", "overrides", "expected"),
    [
        ("demo-semantic", (), torch.channels_last),
        ("demo-semantic", ("train.channels_last=false",), torch.contiguous_format),
        ("demo-instance", (), torch.contiguous_format),
        ("demo-instance", ("train.precision=bf16-mixed",), torch.channels_last),
        ("demo-instance", ("train.precision=bf16-mixed", "train.channels_last=false"), torch.contiguous_format),
    ],
)
def test_channels_lie_last_where_it_is_faster(
    recipe: str, overrides: tuple[str, ...], expected: torch.memory_format, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "computes_in_bfloat16", lambda: True)
    assert memory_format_of(load_recipe(recipe, list(overrides)), torch.device("cpu")) is expected
