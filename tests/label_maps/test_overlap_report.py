import json
from collections import Counter
from typing import Any

import pytest

from maskwright.label_maps.drawing import Drawing, DrawnChunk
from maskwright.label_maps.overlap_report import OverlapReport
from maskwright.structures import ClassTable

TABLE = ClassTable.from_names(["person", "dog"], [(1,), (2,)])
RULES = ("last", "first", "smallest", "priority")


def drawing(**changes: Any) -> Drawing:
    return Drawing(TABLE, **{"audit_rules": RULES, "weights": (2.0, 1.0), **changes})


PARTS = [
    DrawnChunk(
        ["1.png", "2.png"],
        shared=30,
        moves={"first": [[2, 1, 20], [1, 2, 4]], "smallest": [[1, 2, 5]]},
        moved={"first": {"1.png": 20, "2.png": 4}, "smallest": {"2.png": 5}},
    ),
    DrawnChunk(["3.png"], shared=12, moves={"first": [[1, 2, 12]]}, moved={"first": {"3.png": 12}}),
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
