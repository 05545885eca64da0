"""A run parses each annotation file once, draws each object once, and imports what it needs when it does."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from maskwright.annotations import objects
from maskwright.annotations.coco import file as coco_file
from maskwright.errors import DataError
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.run_folder import RunFolder
from maskwright.runs.stages import train_recipe
from maskwright.synthetic.shape_parts import DrawnAhead, write_shape_parts
from maskwright.synthetic.shapes import write_shapes
from maskwright.workflows.run import run
from tests.small_runs import SMALL


def recipe_on_files(task: str, folder: Path) -> dict[str, Any]:
    """The small recipe of ``task`` on two COCO files instead of built-in data, as a dictionary."""
    overrides = [text for text in SMALL[task][1:] if text != "--set"]
    small = ["train.epochs=1", "train.batch_size=4", "train.validate_every=1", "report.panels=1"]
    content = load_recipe(SMALL[task][0], [*overrides, *small]).model_dump(mode="json")
    content["data"].pop("shapes")
    for part, images in (("train", 6), ("validation", 4)):
        file = write_shapes(folder / part, images, seed=images)
        content["data"][part] = {"annotations": str(file), "images": str(file.parent / "images")}
    return content


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_a_run_parses_each_file_once_and_draws_each_object_once(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: Counter[Path] = Counter()
    drawn: Counter[tuple[str, int]] = Counter()
    parse, draw = coco_file.coco_of_text, objects._drawn

    def counted_parse(path: Path, *rest: Any) -> Any:
        parsed[path] += 1
        return parse(path, *rest)

    def counted_draw(annotation: Any, image: Any, audit: Any) -> Any:
        drawn[audit.source, annotation.id] += 1
        return draw(annotation, image, audit)

    monkeypatch.setattr(coco_file, "coco_of_text", counted_parse)
    monkeypatch.setattr(objects, "_drawn", counted_draw)
    recipe = recipe_on_files(task, tmp_path)
    done = run(recipe, out=tmp_path / "run", reporter=Reporter(quiet=True))
    assert done.page.is_file()
    files = [Path(recipe["data"][part]["annotations"]) for part in ("train", "validation")]
    assert parsed == Counter(files)
    objects_in_files = sum(len(json.loads(file.read_text(encoding="utf-8"))["annotations"]) for file in files)
    assert drawn.total() == len(drawn) == objects_in_files


def test_a_recipe_is_taken_as_a_dictionary_and_not_changed(tmp_path: Path) -> None:
    recipe = recipe_on_files("semantic", tmp_path)
    before = json.dumps(recipe)
    assert load_recipe(recipe, ["train.epochs=3"]).train.epochs == 3
    assert load_recipe(load_recipe(recipe)) == load_recipe(recipe)
    assert json.dumps(recipe) == before


def without_masks(file: Path) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    for each in content["annotations"]:
        del each["segmentation"]
    file.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_file_of_boxes_is_refused_before_the_run_folder_exists(part: str, tmp_path: Path) -> None:
    recipe = recipe_on_files("instance", tmp_path)
    without_masks(Path(recipe["data"][part]["annotations"]))
    with pytest.raises(DataError, match=r"holds boxes only: \d+ annotations"):
        run(recipe, overrides=["data.allow_empty_classes=true"], out=tmp_path / "run", reporter=Reporter(quiet=True))
    assert not (tmp_path / "run").exists()


def with_category(file: Path, name: str, image_of_object: int | None = None) -> None:
    """Add a category to the file, and an object of it on one of its images if asked for."""
    content = json.loads(file.read_text(encoding="utf-8"))
    content["categories"].append({"id": 99, "name": name})
    if image_of_object is not None:
        square = [[2, 2, 20, 2, 20, 20, 2, 20]]
        image = content["images"][image_of_object]["id"]
        content["annotations"].append({"id": 999, "image_id": image, "category_id": 99, "segmentation": square})
    file.write_text(json.dumps(content), encoding="utf-8")


def test_a_class_without_an_object_in_the_file_is_refused_before_the_run_folder_exists(tmp_path: Path) -> None:
    recipe = recipe_on_files("semantic", tmp_path)
    with_category(Path(recipe["data"]["train"]["annotations"]), "parent")
    with pytest.raises(DataError, match=r"no object of 1 of the 5 classes \(parent\).*--allow-empty-classes"):
        run(recipe, out=tmp_path / "run", reporter=Reporter(quiet=True))
    assert not (tmp_path / "run").exists()


def test_a_class_without_an_object_in_training_is_refused_unless_it_is_allowed(tmp_path: Path) -> None:
    recipe = recipe_on_files("semantic", tmp_path)
    with_category(Path(recipe["data"]["train"]["annotations"]), "parent", image_of_object=5)
    overrides, out, reporter = ["data.max_images=4"], tmp_path / "run", Reporter(quiet=True)
    with pytest.raises(DataError, match=r"train \(4 images\): has no object of 1 of the 5 classes \(parent\)"):
        run(recipe, overrides=overrides, out=out, reporter=reporter)
    assert not RunFolder(out).stages
    done = run(recipe, overrides=[*overrides, "data.allow_empty_classes=true"], out=out, reporter=reporter)
    assert done.scores["validation"]["mIoU"] is not None


class Drawn(DrawnAhead):
    """Images that were drawn ahead, with a mark that those drawn when needed lack."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def move_to(self, folder: Path) -> None:
        self.begun = sorted(path.name for path in folder.parent.iterdir())
        write_shape_parts(folder, train=4, validation=1, seed=0, domain="clear")
        (folder / "mark").touch()


def test_images_drawn_ahead_are_taken_into_the_run_folder_once_it_is_made(tmp_path: Path) -> None:
    small = [text for text in SMALL["semantic"][1:] if text != "--set"]
    recipe = load_recipe("demo-semantic", [*small, "data.shapes={train: 4, validation: 1}", "train.epochs=1"])
    drawn = Drawn()
    experiment = train_recipe(recipe, tmp_path / "run", reporter=Reporter(quiet=True), drawn=drawn)
    assert experiment is not None
    assert "recipe.yaml" in drawn.begun
    assert (tmp_path / "run" / "data" / "mark").is_file()
    assert len(experiment.prepared.parts["train"].selection.images) == 4


def test_what_only_some_models_and_pages_need_is_not_imported_before_the_training() -> None:
    code = "import sys, maskwright.runs.stages\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"timm", "segmentation_models_pytorch", "jinja2", "wandb"} & set(done.stdout.split())
