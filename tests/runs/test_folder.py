"""The record of stages, and what a run folder refuses."""

from pathlib import Path

import pytest

from maskwright.errors import UsageError
from maskwright.files import read_json
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe, recipe_text
from maskwright.runs.folder import create_run, held_run, open_run
from tests.parallel.launched import launched

QUIET = Reporter(quiet=True)


def test_a_finished_stage_is_recorded_and_not_done_again(tmp_path: Path) -> None:
    run = create_run(load_recipe("demo-semantic"), tmp_path / "run", QUIET)
    calls: list[str] = []
    for _ in range(2):
        run.perform("check", lambda: calls.append("check"))
    assert calls == ["check"]
    assert list(run.files.stages) == ["check"]
    assert run.card()["seconds"].keys() == {"check"}


def test_a_stage_that_fails_is_not_recorded(tmp_path: Path) -> None:
    run = create_run(load_recipe("demo-semantic"), tmp_path / "run", QUIET)

    def fail() -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run.perform("masks", fail)
    assert not run.is_finished("masks")


def test_a_forgotten_stage_is_done_again(tmp_path: Path) -> None:
    run = create_run(load_recipe("demo-semantic"), tmp_path / "run", QUIET)
    for stage in ("check", "evaluate"):
        run.perform(stage, lambda: None)
    run.reset_stages(["evaluate"])
    assert list(run.files.stages) == ["check"]


def test_the_same_recipe_continues_and_another_is_refused_by_its_differences(tmp_path: Path) -> None:
    for workers in (0, 2):
        run = create_run(load_recipe("demo-semantic", [f"train.workers={workers}"]), tmp_path / "run", QUIET)
    (run.files.checkpoints / "last").mkdir(parents=True)
    other = load_recipe("demo-semantic", ["seed=4", "train.optimizer.lr=0.1"])
    with pytest.raises(UsageError) as caught:
        create_run(other, tmp_path / "run", QUIET)
    assert "differs in seed (0, now 4), train.optimizer.lr (0.003, now 0.1))" in str(caught.value)
    assert "Only these may differ: train.device, train.devices, train.threads, train.workers" in str(caught.value)
    assert open_run(tmp_path / "run", QUIET).recipe == run.recipe


def test_a_run_that_has_not_trained_takes_a_changed_recipe_and_does_its_stages_again(tmp_path: Path, capsys) -> None:
    run = create_run(load_recipe("demo-semantic"), tmp_path / "run", QUIET)
    run.perform("check", lambda: None)
    run.update_card(classes=[{"index": 1, "name": "of the first recipe"}])
    run.files.masks("train").mkdir(parents=True)
    (run.path / "notes.txt").write_text("mine")
    again = create_run(load_recipe("demo-semantic", ["seed=4"]), tmp_path / "run", Reporter(quiet=True))
    assert "seed (0, now 4)" in capsys.readouterr().err
    assert again.recipe.seed == open_run(run.path, QUIET).recipe.seed == 4
    assert not again.is_finished("check")
    assert "classes" not in again.card()
    assert {path.name for path in run.path.iterdir()} == {"card.json", "notes.txt", "recipe.yaml"}


def test_a_start_that_was_killed_at_any_file_leaves_a_usable_folder(tmp_path: Path) -> None:
    folder, recipe = tmp_path / "run", load_recipe("demo-semantic")
    folder.mkdir()
    (folder / f".{'0a' * 16}.part").write_text("name: demo-sem")
    create_run(recipe, folder, QUIET)
    (folder / "card.json").unlink()
    (folder / f".{'0b' * 16}.part").write_text("{")
    (folder / ".mine.part").write_text("mine")
    create_run(recipe, folder, QUIET)
    assert {path.name for path in folder.iterdir()} == {"card.json", "recipe.yaml", ".mine.part"}


def test_a_recipe_of_the_user_is_not_replaced(tmp_path: Path) -> None:
    mine = tmp_path / "recipe.yaml"
    mine.write_text(recipe_text("demo-semantic"))
    with pytest.raises(UsageError, match=r"recipe\.yaml: was not written by a run"):
        create_run(load_recipe(mine), tmp_path, QUIET)
    assert mine.read_text() == recipe_text("demo-semantic")


def test_a_run_of_an_earlier_version_whose_precision_was_written_out_continues(tmp_path: Path) -> None:
    run = create_run(load_recipe("demo-semantic", ["train.precision=32-true"]), tmp_path / "run", QUIET)
    (run.files.checkpoints / "last").mkdir(parents=True)
    create_run(load_recipe("demo-semantic"), tmp_path / "run", QUIET)
    create_run(load_recipe("demo-semantic", ["train.precision=bf16-mixed"]), tmp_path / "run", QUIET)
    with pytest.raises(UsageError, match=r"differs in train\.precision"):
        create_run(load_recipe("demo-semantic", ["train.precision=16-mixed"]), tmp_path / "run", QUIET)


def test_an_opened_run_has_the_recipe_it_was_created_with(tmp_path: Path) -> None:
    recipe = load_recipe("deeplab-mobilenet-5class")
    create_run(recipe, tmp_path / "run", QUIET)
    assert open_run(tmp_path / "run", QUIET).recipe == recipe
    with pytest.raises(UsageError, match="not a run folder"):
        open_run(tmp_path, QUIET)


def test_the_card_names_versions_and_hardware(tmp_path: Path) -> None:
    run = create_run(load_recipe("demo-semantic"), tmp_path / "run", QUIET)
    card = read_json(run.path / "card.json")
    assert {"python", "maskwright", "torch", "hotcoco"} <= card["versions"].keys()
    assert card["hardware"]["cores"] >= 1


def test_one_command_at_a_time_works_in_a_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskwright.outputs.staging._SECONDS_TO_WAIT", 0)
    run = tmp_path / "runs" / "first"
    with held_run(run):
        with pytest.raises(UsageError, match="first: another process is at work in it"), held_run(run):
            pass
        with held_run(run, nodes=2):  # machines that train together
            pass
        launched(monkeypatch)
        with held_run(run):  # processes that train together
            pass
    monkeypatch.delenv("TORCHELASTIC_RUN_ID")
    with held_run(run):
        assert list(run.iterdir()) == []


def test_a_start_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError), held_run(tmp_path / "runs" / "first"):
        raise UsageError("There is no such model.")
    assert list(tmp_path.iterdir()) == []
