"""``maskwright init`` as its user types it."""

import json
from pathlib import Path

import pytest

from maskwright.cli.main import main
from maskwright.recipes.fitting.figures import StepCost
from maskwright.recipes.loading import load_recipe
from maskwright.runs.starting import trial
from maskwright.synthetic.shapes import write_shapes


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory with ten images; the model is not tried."""
    monkeypatch.setattr(trial, "try_steps", lambda recipe, *rest: StepCost(0.01, recipe.model.input.size))
    write_shapes(tmp_path / "shapes", 10, size=(64, 80))
    monkeypatch.chdir(tmp_path)
    return tmp_path


LABELS = ["init", "shapes/annotations.json", "--images", "shapes/images"]


def test_every_option_reaches_the_recipe_and_the_next_command_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--model", "mask_rcnn:resnet18", "--weights", "none", "--minutes", "2", "--seed", "3", "--out", "a.yaml"]
    assert main([*LABELS, *options, "-q"]) == 0
    shown = capsys.readouterr().out
    recipe = load_recipe("a.yaml")
    assert (recipe.model.name, recipe.model.weights, recipe.seed) == ("mask_rcnn:resnet18", "none", 3)
    for said in ("train 8, validation 2", "disc (", "mask_rcnn:resnet18 at", "maskwright run a.yaml"):
        assert said in shown


def test_json_has_the_choices_and_their_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*LABELS, "--task", "semantic", "--json", "-q"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["images"] == {"train": 8, "validation": 2}
    assert printed["recipe"] == "recipe.yaml"
    assert printed["reasons"].keys() >= {"classes", "model.input", "train.epochs"}


def test_a_task_that_there_is_not_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*LABELS, "--task", "boxes"]) == 2
    assert "semantic" in capsys.readouterr().err
