"""Folds of a recipe's data: every image is held out once, copies stay together, ids stay, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.errors import DataError, UsageError
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.runs.folds.plan import HELD_OUT, FoldPlan, plan_folds
from maskwright.synthetic.shapes import write_shapes
from tests.small_runs import SHARED, SMALL

QUIET = Reporter(quiet=True)
OVERRIDES = [text for text in [*SMALL["instance"], *SHARED] if "=" in text]


def recipe(**data: Any) -> dict[str, Any]:
    content = load_recipe("demo-instance", OVERRIDES).model_dump()
    content["data"] |= {"shapes": None, **data}
    return content


def source(folder: Path, images: int = 24, **more: Any) -> dict[str, Any]:
    labels = write_shapes(folder, images)
    return {"images": str(folder / "images"), "annotations": str(labels), **more}


def ids_of(plan: FoldPlan, part: str) -> list[set[int]]:
    sources = [getattr(fold.recipe.data, part) for fold in plan.folds]
    documents = [json.loads(Path(each.annotations).read_text()) for each in sources]
    return [{image["id"] for image in document["images"]} for document in documents]


def test_every_image_of_one_file_is_held_out_once_and_learnt_by_all_others(tmp_path: Path) -> None:
    given = source(tmp_path / "data")
    plan = plan_folds(recipe(source=given, split="8:2"), 3, [], tmp_path / "out", QUIET)
    held, learnt, validation = (ids_of(plan, part) for part in (HELD_OUT, "train", "validation"))
    everything = set().union(*held)
    assert sum(map(len, held)) == len(everything) == 24
    assert [fold.images for fold in plan.folds] == [8, 8, 8]
    for k in range(3):
        # The epoch is chosen on neither what is learnt nor what is to be predicted.
        assert learnt[k] | validation[k] == everything - held[k]
        assert not learnt[k] & validation[k]
        assert plan.folds[k].recipe.evaluate.on == (HELD_OUT,)
    whole = json.loads(Path(given["annotations"]).read_text())
    parts = [Path(fold.recipe.data.test.annotations) for fold in plan.folds if fold.recipe.data.test is not None]
    records = [each for part in parts for each in json.loads(part.read_text())["annotations"]]
    assert sorted(records, key=lambda each: each["id"]) == whole["annotations"]


def test_a_validation_file_stays_and_is_not_divided(tmp_path: Path) -> None:
    validation = source(tmp_path / "validation", 4)
    plan = plan_folds(
        recipe(train=source(tmp_path / "train", 12, max_images=10), validation=validation), 2, [], tmp_path / "o", QUIET
    )
    assert sum(map(len, ids_of(plan, HELD_OUT))) == 10  # as many as the recipe uses
    for fold in plan.folds:
        assert fold.recipe.data.validation is not None
        assert fold.recipe.data.validation.annotations == validation["annotations"]


def test_built_in_shapes_are_folded(tmp_path: Path) -> None:
    plan = plan_folds("demo-instance", 2, OVERRIDES, tmp_path / "out", QUIET)
    assert [fold.images for fold in plan.folds] == [4, 4]
    assert ids_of(plan, "validation")[0] == set(range(1, 7))
    assert [fold.recipe.name for fold in plan.folds] == ["demo-instance-fold-1", "demo-instance-fold-2"]


def test_copies_of_one_picture_are_in_one_fold(tmp_path: Path) -> None:
    given = source(tmp_path / "data", 12)
    labels = Path(given["annotations"])
    document = json.loads(labels.read_text())
    names = {image["id"]: image["file_name"] for image in document["images"]}
    for one, other in ((1, 7), (2, 8), (3, 9)):
        content = (labels.parent / "images" / names[one]).read_bytes()
        (labels.parent / "images" / names[other]).write_bytes(content)
        images = {image["id"]: image for image in document["images"]}
        images[other] |= {side: images[one][side] for side in ("height", "width")}
        document["annotations"] = [each for each in document["annotations"] if each["image_id"] != other]
    copy = labels.with_name("copies.json")
    copy.write_text(json.dumps(document))
    plan = plan_folds(recipe(source=given | {"annotations": str(copy)}, split="8:2"), 2, [], tmp_path / "out", QUIET)
    for held in ids_of(plan, HELD_OUT):
        assert all((one in held) == (other in held) for one, other in ((1, 7), (2, 8), (3, 9)))


def test_what_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="--folds 1: expected 2 or more"):
        plan_folds("demo-instance", 1, OVERRIDES, out, QUIET)
    with pytest.raises(UsageError, match="semantic recipe"):
        plan_folds("demo-semantic", 2, [], out, QUIET)
    with pytest.raises(DataError, match="would have no image"):
        plan_folds(recipe(source=source(tmp_path / "data", 3), split="8:2"), 4, [], out, QUIET)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file.txt").write_text("mine")
    with pytest.raises(UsageError, match="not the folder of folds"):
        plan_folds("demo-instance", 2, OVERRIDES, tmp_path / "mine", QUIET)
    plan_folds("demo-instance", 2, OVERRIDES, tmp_path / "begun", QUIET)
    plan_folds("demo-instance", 2, OVERRIDES, tmp_path / "begun", QUIET)
    with pytest.raises(UsageError, match="holds folds of another folds"):
        plan_folds("demo-instance", 3, OVERRIDES, tmp_path / "begun", QUIET)
