"""What check says of 600 COCO images in two files, and the repaired file in other programs."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import hotcoco
import pytest
from PIL import Image
from pycocotools.coco import COCO

from maskwright.annotations.check_summary import CheckSummary
from maskwright.progress import Reporter
from maskwright.workflows.check import check

QUIET = Reporter(quiet=True)


@pytest.fixture(scope="module")
def coco300(shared: Path) -> Path:
    return shared / "data" / "coco300"


@pytest.fixture(scope="module")
def repaired(coco300: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[CheckSummary, Path]:
    """Validation checked with its images against train, and repaired."""
    out = tmp_path_factory.mktemp("coco300") / "fixed.json"
    part = coco300 / "validation-300"
    other = coco300 / "train-300"
    summary = check(
        part / "labels.json", images=part / "data", against=other / "labels.json", fix=out, workers=2, reporter=QUIET
    )
    return summary, out


def faults(summary: CheckSummary) -> dict[str, Any]:
    return {fault["code"]: fault for fault in summary.to_json()["faults"]}


def categories(path: Path) -> dict[str, int]:
    return {each["name"]: each["id"] for each in json.loads(path.read_text())["categories"]}


def test_exactly_the_two_empty_annotations_are_errors(repaired: tuple[CheckSummary, Path]):
    errors = [fault for fault in repaired[0].to_json()["faults"] if fault["severity"] == "error"]
    assert [(fault["code"], fault["examples"]) for fault in errors] == [("empty_segmentation", [2463, 3040])]
    counts = repaired[0].to_json()["counts"]
    assert (counts["in"], counts["used"], counts["skipped"]) == (3774, 3772, 2)


def test_the_42_shared_classes_whose_ids_differ_are_told(repaired: tuple[CheckSummary, Path], coco300: Path):
    here, there = (categories(coco300 / part / "labels.json") for part in ("validation-300", "train-300"))
    differing = {name: [here[name], there[name]] for name in here if name in there and here[name] != there[name]}
    assert len(differing) == 42
    classes = repaired[0].to_json()["against"]["classes"]
    assert classes["differing_ids"] == differing
    assert faults(repaired[0])["class_id_differs"]["count"] == 42
    assert sorted(classes["only_here"]) == sorted(set(here) - set(there))
    assert sorted(classes["only_there"]) == sorted(set(there) - set(here))
    assert classes["shared"] == 58


def test_the_class_with_id_0_and_the_grey_images_are_told(repaired: tuple[CheckSummary, Path], coco300: Path):
    found = faults(repaired[0])
    assert (found["category_zero"]["count"], found["category_zero"]["examples"]) == (1, [0])
    images = json.loads((coco300 / "validation-300" / "labels.json").read_text())["images"]
    grey = [
        each["id"] for each in images if Image.open(coco300 / "validation-300" / "data" / each["file_name"]).mode == "L"
    ]
    assert grey
    assert found["gray_image"]["examples"] == grey


def test_train_has_warnings_only(coco300: Path):
    summary = check(coco300 / "train-300" / "labels.json", reporter=QUIET)
    assert summary.exit_code == 0
    assert (summary.audit.found, summary.audit.used) == (3870, 3870)
    assert faults(summary)["box_disagrees"]["count"] <= 4


def test_of_original_coco_annotations_boxes_and_areas_agree_with_the_masks(shared: Path):
    path = shared / "oracles" / "coco" / "instances_val2014_100.json"
    found = faults(check(path, reporter=QUIET))
    assert not set(found) & {"box_disagrees", "outside_box", "area_disagrees", "outside_polygon", "crossing_polygon"}


def test_the_repaired_file_is_clean_and_complete(repaired: tuple[CheckSummary, Path], coco300: Path):
    summary, out = repaired
    again = check(out, reporter=QUIET)
    assert (again.exit_code, again.findings.number("error")) == (0, 0)
    counts = summary.to_json()["repairs"]["counts"]
    assert (counts["in"], counts["used"], counts["skipped"], counts["repaired_away"]) == (3774, 3772, 0, 2)
    before, after = (
        {each["id"]: each for each in json.loads(path.read_text())["annotations"]}
        for path in (coco300 / "validation-300" / "labels.json", out)
    )
    changed = {identity for identity, each in after.items() if each != before[identity]}
    made = summary.to_json()["repairs"]["made"]
    assert set(before) - set(after) == {2463, 3040}
    assert changed == {each["id"] for each in made} - {2463, 3040}
    assert changed <= set(faults(summary)["box_disagrees"]["examples"])


def test_the_repaired_file_loads_in_other_programs_with_every_annotation_usable(repaired: tuple[CheckSummary, Path]):
    with contextlib.redirect_stdout(io.StringIO()):
        theirs, rust = COCO(str(repaired[1])), hotcoco.COCO(str(repaired[1]))
    assert rust.healthcheck()["errors"] == []
    assert len(theirs.anns) == len(rust.getAnnIds()) == 3772
    for annotation in theirs.loadAnns(theirs.getAnnIds()):
        assert theirs.annToRLE(annotation)["counts"]
        assert annotation["bbox"][2] > 0
        assert annotation["bbox"][3] > 0
        assert annotation["id"] > 0
