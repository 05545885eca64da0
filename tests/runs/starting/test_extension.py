"""A finished run goes on: to the bits of one that was planned so, with the changes that may be made, and no others."""

import csv
from pathlib import Path
from typing import Any

import pytest

from maskwright.cli.main import main
from maskwright.errors import DataError, UsageError
from maskwright.files import read_json, sha256_of
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.recipes.schema import Recipe
from maskwright.run_folder import RunFolder
from maskwright.runs.stages import train_recipe
from maskwright.runs.starting import extension
from maskwright.runs.starting.extension import plan_extension
from maskwright.synthetic.shapes import write_shapes

QUIET = Reporter(quiet=True)


def recipe(data: Path, **train: Any) -> Recipe:
    source = {"images": str(data / "images"), "annotations": str(data / "annotations.json")}
    content = {
        "name": "tiny",
        "task": "semantic",
        "data": {"train": source, "validation": source},
        "model": {
            "name": "residual_attention_unet",
            "options": {"widths": [4], "bottleneck": 4},
            "input": {"size": 32},
        },
        "train": {"epochs": 1, "batch_size": 2, "trackers": ["csv"], **train},
        "report": {"panels": 1},
    }
    return load_recipe(content)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_shapes(folder, 4)
    return folder


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose training is finished; do not change it."""
    path = tmp_path_factory.mktemp("finished") / "run"
    train_recipe(recipe(data), path, reporter=QUIET)
    return path


def model_of(path: Path) -> str:
    return sha256_of(path / "checkpoints" / "last" / "model.safetensors")


def test_two_epochs_more_end_with_the_bits_of_a_training_that_was_planned_so(data: Path, tmp_path: Path) -> None:
    path, whole = tmp_path / "run", tmp_path / "whole"
    train_recipe(recipe(data), path, reporter=QUIET)
    longer = plan_extension(path, ["train.epochs=3"], QUIET)
    train_recipe(longer.recipe, path, resume=True, reporter=QUIET, extension=longer)
    train_recipe(recipe(data, epochs=3), whole, reporter=QUIET)
    assert model_of(path) == model_of(whole)
    losses = [
        [row["train/loss"] for row in csv.DictReader(each.metrics_file.open())]
        for each in map(RunFolder, (path, whole))
    ]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 3
    assert RunFolder(path).recipe_file.read_text() == RunFolder(whole).recipe_file.read_text()
    assert RunFolder(path).card.get("extended") == [{"epochs": 1, "reached": 1}]


def test_the_command_extends_by_the_folder_alone_and_scores_anew(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run"
    train_recipe(recipe(data), path, reporter=QUIET)
    assert main(["run", str(path), "--extend", "train.epochs=2", "--extend", "report.panels=2"]) == 0
    shown = capsys.readouterr()
    assert "goes on after epoch 1 to epoch 2" in shown.err
    assert f"page: {path / 'report.html'}" in shown.out
    assert list(RunFolder(path).stages) == ["check", "masks", "train", "evaluate", "report"]
    assert len(read_json(RunFolder(path).panels_file)) > 0
    # Once more: nothing is left to do, and nothing is done.
    before = RunFolder(path).stages
    assert main(["run", str(path), "--quiet"]) == 0
    assert RunFolder(path).stages == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["train.epochs=1"], "has trained 1 epochs already"),
        (["train.epochs=3", "train.optimizer.lr=0.1"], r"train\.optimizer\.lr: cannot change"),
        (["train.epochs=3", "seed=4"], "seed: cannot change"),
        (["train.epochs=3", "train.batch_size=4"], "cannot change"),
        (["train.epochs=3", "model.input.size=64"], "cannot change"),
        (["train.ephocs=3"], "epochs"),
    ],
)
def test_what_cannot_change_is_refused_with_what_can(finished: Path, changes: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        plan_extension(finished, changes, QUIET)
    if "cannot" in said:
        assert "train.epochs, train.schedule" in str(refused.value)


def test_nothing_is_written_before_the_extension_begins(finished: Path) -> None:
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    plan_extension(finished, ["train.epochs=9", "train.schedule.name=cosine"], QUIET)
    assert {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()} == before


def test_a_run_that_is_none_or_not_finished_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a run folder"):
        plan_extension(tmp_path / "none", ["train.epochs=3"], QUIET)
    path = tmp_path / "run"
    train_recipe(recipe(data), path, reporter=QUIET)
    path.joinpath("stages.json").write_text("{}")
    with pytest.raises(UsageError, match=r"not finished.*--resume"):
        plan_extension(path, ["train.epochs=3"], QUIET)


def test_a_training_that_patience_ended_needs_more_patience(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run"
    train_recipe(recipe(data, patience=1), path, reporter=QUIET)
    ended = {"position": {"epoch": 2, "batch": 0, "best": 0.5, "best_epoch": 1}}
    monkeypatch.setattr(extension, "read_state", lambda folder: ended)
    with pytest.raises(UsageError, match=r"ended early after epoch 2.*patience=null"):
        plan_extension(path, ["train.epochs=9"], QUIET)
    assert plan_extension(path, ["train.epochs=9", "train.patience=null"], QUIET).position.epoch == 2


def test_an_extension_that_was_killed_at_its_start_goes_on_by_resume(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "run"
    train_recipe(recipe(data), path, reporter=QUIET)
    plan_extension(path, ["train.epochs=2"], QUIET).begin()
    assert main(["run", str(path), "--resume", "--quiet"]) == 0
    assert [row["epoch"] for row in csv.DictReader(RunFolder(path).metrics_file.open())] == ["1", "2"]


def test_changed_data_are_refused(tmp_path: Path) -> None:
    write_shapes(tmp_path / "data", 4)
    path = tmp_path / "run"
    train_recipe(recipe(tmp_path / "data"), path, reporter=QUIET)
    (tmp_path / "data" / "images" / "000001.jpg").unlink()
    with pytest.raises(DataError, match="the data have changed"):
        plan_extension(path, ["train.epochs=3"], QUIET)
    assert "train" in RunFolder(path).stages


@pytest.mark.parametrize("more", [["--set", "train.epochs=4"], ["--nodes", "2"], ["--sweep", "seed=0,1"]])
def test_options_that_do_not_go_with_it_are_refused(finished: Path, more: list[str]) -> None:
    assert main(["run", str(finished), "--extend", "train.epochs=3", *more]) == 2
