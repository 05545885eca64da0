"""``maskwright.train``: the stages up to the training, and a model that loads."""

from pathlib import Path

import numpy as np
import pytest

import maskwright as mw
from maskwright.cli.main import main
from maskwright.errors import UsageError
from maskwright.files import sha256_of
from maskwright.recipes.loading import is_annotations
from maskwright.synthetic.shapes import write_shapes
from tests.small_runs import SHARED, SMALL

SETTINGS = [text for text in [*SMALL["semantic"], *SHARED] if "=" in text]
QUIET = mw.Reporter(quiet=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> mw.RunFolder:
    """A small training; do not change it."""
    out = tmp_path_factory.mktemp("trained") / "run"
    return mw.train("demo-semantic", overrides=SETTINGS, out=out, reporter=QUIET)


def test_a_training_ends_with_a_best_model_that_predicts(trained: mw.RunFolder) -> None:
    model = mw.load_model(trained.folder)
    assert model.file == trained.checkpoints / "best" / "model.safetensors"
    assert (model.task, model.card.epoch) == ("semantic", trained.card.get("best", {})["epoch"])
    found = model.predict(np.zeros((40, 60, 3), np.uint8))
    assert (found.shape, found.max() <= len(model.classes)) == ((40, 60), True)


def test_there_is_no_evaluation_and_no_page(trained: mw.RunFolder) -> None:
    assert list(trained.stages) == ["check", "masks", "train"]
    assert not trained.page.exists()
    with pytest.raises(UsageError, match=r"scores\.json"):
        _ = trained.scores


def test_run_goes_on_from_there_and_trains_no_more(trained: mw.RunFolder, tmp_path: Path) -> None:
    once = mw.train("demo-semantic", overrides=SETTINGS, out=tmp_path / "run", reporter=QUIET)
    before = sha256_of(once.checkpoints / "last" / "model.safetensors")
    assert before == sha256_of(trained.checkpoints / "last" / "model.safetensors")
    whole = mw.run("demo-semantic", overrides=SETTINGS, out=tmp_path / "run", reporter=QUIET)
    assert whole == once
    assert list(whole.stages) == ["check", "masks", "train", "evaluate", "report"]
    assert sha256_of(once.checkpoints / "last" / "model.safetensors") == before
    assert whole.scores["validation"].keys() >= {"mIoU", "classes"}


def test_a_recipe_can_be_a_dictionary_and_its_name_is_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    unet = {"name": "residual_attention_unet", "options": {"widths": [4], "bottleneck": 4}, "input": {"size": 32}}
    recipe = {
        "name": "tiny",
        "task": "semantic",
        "data": {"shapes": {"train": 2, "validation": 1}},
        "model": unet,
        "train": {"epochs": 1, "batch_size": 2},
    }
    assert mw.train(recipe, reporter=QUIET).folder == Path("runs/tiny")
    assert mw.load_model("runs/tiny").card.epoch == 1


@pytest.fixture
def labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory with ``labels.json`` and 24 images in ``photos``."""
    write_shapes(tmp_path, 24, size=(64, 80)).rename(tmp_path / "labels.json")
    (tmp_path / "images").rename(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    return tmp_path


FEW = ["--minutes", "0.2", "--set", "train.epochs=2", "--set", "report.panels=1", "--quiet"]


@pytest.mark.usefixtures("labels")
def test_an_annotation_file_becomes_a_model_and_a_page_in_one_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "labels.json", "--images", "photos", "--task", "semantic", *FEW]) == 0
    shown = capsys.readouterr().out
    for said in ("model: runs/labels/checkpoints/best", "validation: mIoU", "page: runs/labels/report.html"):
        assert said in shown
    run = mw.RunFolder("runs/labels")
    assert list(run.stages) == ["check", "masks", "train", "evaluate", "report"]
    assert "# measured here" in Path("runs/labels.yaml").read_text()
    before = run.stages
    # A second call is told to take another folder; --resume only scores what is there.
    assert main(["train", "labels.json", "--images", "photos", *FEW]) == 2
    assert "--out runs/labels-2" in capsys.readouterr().err
    assert main(["train", "labels.json", "--images", "photos", "--resume", *FEW]) == 0
    assert run.stages == before


@pytest.mark.usefixtures("labels")
def test_an_unfinished_run_is_not_resumed_with_options_that_its_recipe_does_not_follow(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        run = Path("runs/labels")
        run.mkdir()
        run.joinpath("recipe.yaml").write_text(Path("runs/labels.yaml").read_text())
        raise KeyboardInterrupt

    command = ["train", "labels.json", "--images", "photos", "--task", "semantic", *FEW]
    with monkeypatch.context() as patch:
        patch.setattr("maskwright.workflows.train.run", stopped)
        assert main(command) != 0
        capsys.readouterr()
    assert main(command) == 2
    assert "--resume" in capsys.readouterr().err.partition("next: ")[2]
    for more in ([], ["--resume"]):
        assert main([*command, "--classes", "disc", *more]) == 2
        said, _, following = capsys.readouterr().err.partition("next: ")
        assert "expected its --classes" in said
        assert "--out runs/labels-2" in following
        assert "--classes disc" in following
    assert main([*command, "--classes", "disc", "--resume", "--out", "runs/labels-2"]) == 0
    assert mw.RunFolder("runs/labels-2").recorded_classes.names == ["disc"]


@pytest.mark.usefixtures("labels")
def test_a_recipe_takes_no_options_of_annotations_and_annotations_are_no_recipe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["train", "demo-semantic", "--minutes", "3"]) == 2
    assert "--minutes: fits a recipe to annotations" in capsys.readouterr().err
    assert main(["run", "labels.json"]) == 2
    assert "next: maskwright train labels.json --images photos" in capsys.readouterr().err


def test_annotations_are_known_from_recipes_by_their_path(tmp_path: Path, trained: mw.RunFolder) -> None:
    yolo, recipe = tmp_path / "data.yaml", tmp_path / "mine.yaml"
    yolo.write_text("train: images/train\nnames:\n  0: cat\n")
    recipe.write_text("name: a\nmodel: {name: unet}\n")
    for source in ("a.json", "a.json.gz", Path("a/labels.json"), tmp_path, yolo):
        assert is_annotations(source), source
    for source in ("demo-semantic", "none.yaml", recipe, {"name": "a"}, trained.folder):
        assert not is_annotations(source), source
