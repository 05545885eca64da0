"""A run on files with real-world faults: everything left out is named, and counts add up in the run's audit."""

import json
from pathlib import Path

import pytest
import yaml

from maskwright.cli.main import main
from maskwright.recipes.loading import recipe_text
from maskwright.synthetic.shapes import write_shapes
from tests.small_runs import SHARED, SMALL


def write_recipe(folder: Path, data: dict, **changes) -> Path:
    recipe = yaml.safe_load(recipe_text("demo-semantic"))
    recipe["data"] = {"root": str(folder), **data}
    recipe |= changes
    file = folder / "recipe.yaml"
    file.write_text(yaml.safe_dump(recipe))
    return file


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """Shapes whose validation file numbers its categories differently and whose training file has faults."""
    train = write_shapes(tmp_path / "train", 9, seed=5)
    validation = write_shapes(tmp_path / "validation", 5, seed=6)
    content = json.loads(validation.read_text())
    renumber = {3: 0, 7: 3, 11: 7, 20: 1}
    for category in content["categories"]:
        category["id"] = renumber[category["id"]]
    for annotation in content["annotations"]:
        annotation["category_id"] = renumber[annotation["category_id"]]
    content["categories"].reverse()
    validation.write_text(json.dumps(content))

    content = json.loads(train.read_text())
    content["annotations"][0]["segmentation"] = []
    content["annotations"][1]["category_id"] = 999
    images = {a["image_id"] for a in content["annotations"][2:]}
    missing, resized = sorted(images)[-2:]
    by_id = {image["id"]: image for image in content["images"]}
    (train.parent / "images" / by_id[missing]["file_name"]).unlink()
    by_id[resized]["width"] += 1
    train.write_text(json.dumps(content))
    return tmp_path


def test_faults_are_named_and_counts_add_up(faulty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = {
        part: {"images": f"{part}/images", "annotations": f"{part}/annotations.json"}
        for part in ("train", "validation")
    }
    recipe = write_recipe(faulty, source)
    small = SMALL["semantic"][1:] + [v for v in SHARED[4:] if v != "--quiet"]
    out = faulty / "run"
    assert main(["run", str(recipe), *small, "--out", str(out)]) == 0
    shown = capsys.readouterr().err
    audit = json.loads((out / "audit.json").read_text())["train"]
    assert audit["in"] == audit["used"] + sum(audit["skipped"].values())
    assert {"empty_segmentation", "unknown_category"} <= set(audit["skipped"])
    assert {"missing_image", "image_size"} <= set(audit["images_left_out"])
    for words in ("empty segmentation", "category 999", "has no file", "pixels on disk"):
        assert words in shown


def test_classes_meet_by_name_whatever_their_ids(faulty: Path) -> None:
    source = {
        part: {"images": f"{part}/images", "annotations": f"{part}/annotations.json"}
        for part in ("train", "validation")
    }
    recipe = write_recipe(faulty, source, classes=["ring", "disc"])
    out = faulty / "run"
    small = SMALL["semantic"][1:] + SHARED[4:]
    assert main(["train", str(recipe), *small, "--out", str(out)]) == 0
    statistics = json.loads((out / "statistics.json").read_text())["validation"]["classes"]
    content = json.loads((faulty / "validation" / "annotations.json").read_text())
    names = {category["id"]: category["name"] for category in content["categories"]}
    for wanted in ("ring", "disc"):
        expected = sum(names[a["category_id"]] == wanted and not a["iscrowd"] for a in content["annotations"])
        assert statistics[wanted]["instances"] == expected


def test_a_split_puts_every_image_into_one_part(tmp_path: Path) -> None:
    write_shapes(tmp_path / "all", 20, seed=1)
    recipe = write_recipe(
        tmp_path,
        {"source": {"images": "all/images", "annotations": "all/annotations.json"}, "split": "8:1:1"},
        evaluate={"on": ["validation", "test"]},
    )
    out = tmp_path / "run"
    assert main(["run", str(recipe), *SMALL["semantic"][1:], *SHARED[4:], "--out", str(out)]) == 0
    statistics = json.loads((out / "statistics.json").read_text())
    assert [statistics[part]["images"] for part in ("train", "validation", "test")] == [16, 2, 2]
    drawn = [{f.name for f in (out / "masks" / part).glob("*.png")} for part in ("train", "validation", "test")]
    assert len(set.union(*drawn)) == 20
    assert set(json.loads((out / "scores.json").read_text())) == {"validation", "test"}
