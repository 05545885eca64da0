import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from maskwright.annotations.coco.file import read_coco
from maskwright.label_maps.drawing import Drawing, PartDone
from maskwright.label_maps.overlap_report import OverlapReport
from maskwright.structures import ClassTable

TABLE = ClassTable.from_names(["person", "dog"], [(1,), (2,)])
RULES = ("last", "first", "smallest", "priority")


def drawing(**changes: Any) -> Drawing:
    return Drawing(TABLE, **{"audit_rules": RULES, "weights": (2.0, 1.0), **changes})


PARTS = [
    PartDone(
        ["1.png", "2.png"],
        shared=30,
        moves={"first": [[2, 1, 20], [1, 2, 4]], "smallest": [[1, 2, 5]]},
        moved={"first": {"1.png": 20, "2.png": 4}, "smallest": {"2.png": 5}},
    ),
    PartDone(["3.png"], shared=12, moves={"first": [[1, 2, 12]]}, moved={"first": {"3.png": 12}}),
]


def test_the_parts_of_a_job_are_added_up():
    report = OverlapReport.of(PARTS, drawing())
    assert report.shared_pixels == 42
    assert report.moves == {
        "first": Counter({(2, 1): 20, (1, 2): 16}),
        "smallest": Counter({(1, 2): 5}),
        "priority": Counter(),
    }
    assert report.moved["first"] == Counter({"1.png": 20, "3.png": 12, "2.png": 4})


@pytest.mark.parametrize(("rule", "compared"), [("last", "first"), ("smallest", "smallest"), ("priority", "priority")])
def test_the_pictures_show_the_rule_of_the_job_or_the_one_that_differs_most(rule: str, compared: str):
    assert OverlapReport.of(PARTS, drawing(overlap=rule)).compared == compared


def test_json_names_the_classes_and_the_worst_images_first():
    value = OverlapReport.of(PARTS, drawing()).to_json()
    assert value["compared_with"] == "last"
    assert value["rules"]["first"] == {
        "moved_pixels": 36,
        "images": 3,
        "moves": [{"from": "dog", "to": "person", "pixels": 20}, {"from": "person", "to": "dog", "pixels": 16}],
        "worst": [{"file": "1.png", "pixels": 20}, {"file": "3.png", "pixels": 12}, {"file": "2.png", "pixels": 4}],
    }
    assert value["rules"]["priority"] == {"moved_pixels": 0, "images": 0, "moves": [], "worst": []}
    assert json.loads(json.dumps(value)) == value


def test_lines_say_what_each_rule_moves_and_between_which_classes_most():
    assert OverlapReport.of(PARTS, drawing()).lines() == [
        "42 pixels are covered more than once; against the rule last",
        "  first          moves           36 pixels in 3 images, most from dog to person (20)",
        "  smallest       moves            5 pixels in 1 image, most from person to dog (5)",
        "  priority       moves            0 pixels in 0 images",
    ]


def bar(start: int, stop: int, **changes: Any) -> dict[str, Any]:
    """An annotation that covers these columns of an image of 30 × 40 pixels."""
    return {"segmentation": [[start, 0, stop, 0, stop, 30, start, 30]], **changes}


@pytest.fixture
def audited(coco, tmp_path: Path):
    """``audited(*annotations, **drawing)``: the folder of a written audit of one image ``a.jpg``."""

    def write(*annotations: dict[str, Any], moved: dict[str, dict[str, int]], **changes: Any) -> Path:
        found = read_coco(coco(*annotations, images=[{"file_name": "a.jpg", "height": 30, "width": 40}]))
        OverlapReport.of([PartDone(["a.png"], moved=moved)], drawing(**changes)).write(tmp_path, found, {1: 1, 2: 2})
        return tmp_path

    return write


def colors(folder: Path) -> Counter[tuple[int, ...]]:
    pixels = np.array(Image.open(folder / "overlap_audit.png").convert("RGB")).reshape(-1, 3)
    return Counter(map(tuple, pixels.tolist()))


def test_the_picture_shows_the_worst_image_by_both_rules_in_the_colours_of_the_classes(audited):
    folder = audited(bar(0, 30), bar(10, 40, category_id=2), moved={"first": {"a.png": 600}}, overlap="first")
    found = colors(folder)
    person, dog = (found[each.color] for each in TABLE)
    # 10 and 30 columns of persons before and after, 20 that moved; dogs 30 and 10: 60 against 40.
    assert person / dog == pytest.approx(60 / 40, rel=0.05)
    assert json.loads((folder / "overlap_audit.json").read_text(encoding="utf-8"))["rules"]["first"]["images"] == 1


def test_crowds_are_in_the_picture_only_where_they_are_drawn_as_objects(audited):
    scene = (bar(0, 30), bar(10, 40, category_id=2, iscrowd=1))
    without = colors(audited(*scene, moved={"first": {"a.png": 1}}, overlap="first"))
    assert without[TABLE.classes[1].color] == 0
    drawn = colors(audited(*scene, moved={"first": {"a.png": 1}}, overlap="first", crowd="include"))
    assert drawn[TABLE.classes[1].color] > 1000


def test_where_nothing_moves_there_is_no_picture_and_an_old_one_goes(audited, tmp_path: Path):
    (tmp_path / "overlap_audit.png").write_bytes(b"old")
    folder = audited(bar(0, 30), moved={})
    assert not (folder / "overlap_audit.png").exists()
    assert (folder / "overlap_audit.json").exists()
