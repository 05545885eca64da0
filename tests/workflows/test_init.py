"""``maskwright init``: from the exports of labelling tools to recipes that load, and what is refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import maskwright as mw
from maskwright.errors import DataError, UsageError
from maskwright.recipes.fitting.figures import StepCost
from maskwright.recipes.loading import load_recipe
from maskwright.runs.prepare import prepare
from maskwright.runs.starting import trial
from maskwright.synthetic.shapes import write_shapes
from tests.annotations.formats.exports_of_tools import cvat, label_studio, roboflow

QUIET = mw.Reporter(quiet=True)


@pytest.fixture(autouse=True)
def quick_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial of an image in 10 ms, so that no model is built; the trial itself has tests of its own."""
    monkeypatch.setattr(trial, "try_steps", lambda recipe, *rest: StepCost(0.01, recipe.model.input.size))


@pytest.fixture
def shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory with ``labels.json`` and 30 images in ``photos``."""
    write_shapes(tmp_path, 30, size=(64, 80)).rename(tmp_path / "labels.json")
    (tmp_path / "images").rename(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def images_of(recipe: str | Path) -> dict[str, set[str]]:
    """The image files of each part as a run reads them."""
    prepared = prepare(load_recipe(recipe), Path("run"))
    return {name: {str(part.path_of(each)) for each in part.selection.images} for name, part in prepared.parts.items()}


@pytest.mark.usefixtures("shapes")
def test_a_file_and_a_folder_become_a_recipe_whose_parts_share_no_image() -> None:
    done = mw.init("labels.json", "photos", out="mine.yaml", minutes=5, seed=2, reporter=QUIET)
    assert done.images == {"train": 24, "validation": 6}
    assert done.recipe == load_recipe("mine.yaml")
    assert (done.recipe.name, done.recipe.seed) == ("mine", 2)
    parts = images_of("mine.yaml")
    assert {name: len(files) for name, files in parts.items()} == done.images
    assert not parts["train"] & parts["validation"]
    text = Path("mine.yaml").read_text()
    for said in (
        "24 images to train on",
        "random: all is learnt",
        "measured here",
        "pixels",
        "maskwright run mine.yaml",
    ):
        assert said in text.replace("\n# ", " ").replace("\n  # ", " ")


@pytest.mark.usefixtures("shapes")
def test_the_same_seed_gives_the_same_parts() -> None:
    for name in ("a", "b"):
        mw.init("labels.json", "photos", out=f"{name}.yaml", reporter=QUIET)
    assert Path("a-data/train.json").read_bytes() == Path("b-data/train.json").read_bytes()


@pytest.mark.usefixtures("shapes")
def test_classes_can_be_asked_for() -> None:
    done = mw.init("labels.json", "photos", classes=["ring", "disc"], reporter=QUIET)
    assert done.recipe.classes == ["ring", "disc"]
    assert "as asked for" in Path("recipe.yaml").read_text()
    with pytest.raises(UsageError, match="Unknown class 'rings'"):
        mw.init("labels.json", "photos", out="other.yaml", classes=["rings"], reporter=QUIET)


def test_copies_of_an_image_are_in_one_part_whatever_their_names(shapes: Path) -> None:
    labels = json.loads(Path("labels.json").read_text())
    for image in list(labels["images"])[:10]:
        copy = {**image, "id": image["id"] + 1000, "file_name": f"other-{image['file_name']}"}
        shutil.copy(shapes / "photos" / image["file_name"], shapes / "photos" / copy["file_name"])
        labels["images"].append(copy)
    Path("labels.json").write_text(json.dumps(labels))
    done = mw.init("labels.json", "photos", reporter=QUIET)
    assert "groups of copies" in done.reasons["data.train"]
    for files in images_of("recipe.yaml").values():
        names = {Path(file).name.removeprefix("other-") for file in files}
        assert names.isdisjoint(
            Path(file).name.removeprefix("other-")
            for others in images_of("recipe.yaml").values()
            if others != files
            for file in others
        )


@pytest.mark.parametrize("task", ["instance", "semantic"])
def test_an_export_of_roboflow_keeps_its_parts_and_loses_its_parent_category(
    task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    roboflow(tmp_path / "export", {"train": 20, "valid": 5, "test": 4}, tmp_path / "made")
    done = mw.init("export", task=task, reporter=QUIET)
    assert (done.export, done.images) == ("Roboflow", {"train": 20, "validation": 5, "test": 4})
    assert done.classes.empty == ("shapes",)
    assert "shapes" not in done.recipe.classes
    assert done.recipe.task == task
    assert done.recipe.evaluate.on == ("validation", "test")
    assert "shapes" in Path("recipe.yaml").read_text()
    assert not Path("recipe-data").exists()
    assert {name: len(files) for name, files in images_of("recipe.yaml").items()} == done.images


@pytest.mark.parametrize("export", [cvat, label_studio])
def test_other_exports_come_as_they_are(export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    export(tmp_path / "export", 10, tmp_path / "made")
    done = mw.init("export", reporter=QUIET)
    assert done.images == {"train": 8, "validation": 2}
    assert {name: len(files) for name, files in images_of("recipe.yaml").items()} == done.images


@pytest.mark.parametrize("divided", [True, False])
def test_a_yolo_folder_is_converted(divided: bool, shapes: Path) -> None:
    parts = ["train", "val"] if divided else ["train"]
    mw.convert(
        ["labels.json"] * len(parts), "yolo", source_format="coco", target_format="yolo", images="photos", parts=parts,
        copy_images=True, reporter=QUIET,
    )  # fmt: skip
    done = mw.init("yolo/data.yaml" if divided else "yolo", reporter=QUIET)
    assert done.export == "YOLO"
    assert done.images == ({"train": 30, "validation": 30} if divided else {"train": 24, "validation": 6})
    assert {name: len(files) for name, files in images_of("recipe.yaml").items()} == done.images


def test_missing_images_are_left_out_and_named(shapes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in sorted((shapes / "photos").iterdir())[:20]:
        file.unlink()
    done = mw.init("labels.json", "photos", reporter=mw.Reporter())
    assert "20 of 30 images have no file in photos, such as 000000.jpg" in capsys.readouterr().err
    assert done.images == {"train": 8, "validation": 2}
    assert {name: len(files) for name, files in images_of("recipe.yaml").items()} == done.images


@pytest.mark.usefixtures("shapes")
def test_many_pictures_are_compared_by_name_only_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskwright.workflows.init._MOST_COMPARED", 20)
    done = mw.init("labels.json", "photos", reporter=QUIET)
    assert "by name only" in done.reasons["data.train"]
    assert "twice" not in done.reasons["data.train"]


@pytest.mark.usefixtures("shapes")
def test_what_time_forbids_is_in_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "try_steps", lambda recipe, *rest: StepCost(1.0, recipe.model.input.size))
    done = mw.init("labels.json", "photos", minutes=1, reporter=QUIET)
    assert sum(done.images.values()) < 30
    assert "in no part, for lack of time" in done.reasons["data.train"]


def test_without_torch_the_time_is_an_estimate_and_is_called_one(shapes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskwright.workflows.init.find_spec", lambda name: None)
    done = mw.init("labels.json", "photos", model="mask_rcnn:resnet18", reporter=QUIET)
    assert (done.recipe.task, done.recipe.model.name) == ("instance", "mask_rcnn:resnet18")
    assert "an estimate, not measured" in done.reasons["train.epochs"]


def refused(error: type[Exception], said: str, **options: Any) -> None:
    given = {"annotations": "labels.json", "images": "photos", "reporter": QUIET, **options}
    with pytest.raises(error, match=said):
        mw.init(**given)
    assert not Path("recipe-data").exists()
    assert not Path("recipe.yaml").exists()


@pytest.mark.usefixtures("shapes")
def test_what_cannot_be_used_is_refused_and_leaves_nothing() -> None:
    refused(UsageError, r"Nearest in \.: photos", images="fotos")
    refused(UsageError, "labels.json", annotations="lables.json")
    refused(UsageError, "none of its 30 images", images="empty" if Path("empty").mkdir() is None else "")
    refused(UsageError, "mask_rcnn", model="mask_rcn:resnet18")
    refused(UsageError, "is for task semantic, not instance", model="lraspp_mobilenet_v2", task="instance")
    refused(UsageError, "no such file or name", weights="imagnet")
    refused(UsageError, "ends in .yaml", out="recipe.json")
    Path("few.json").write_text(json.dumps({**json.loads(Path("labels.json").read_text()), "annotations": []}))
    refused(DataError, "no object has a segmentation", annotations="few.json")
    Path("taken.yaml").write_text("mine")
    refused(UsageError, "taken.yaml: exists", out="taken.yaml")
    assert Path("taken.yaml").read_text() == "mine"
