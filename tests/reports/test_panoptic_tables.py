"""Tables of panoptic scores: parts, classes in order, intervals, and what was not measured."""

from typing import Any

from maskwright.reports.panoptic_tables import panoptic_classes, panoptic_summary
from maskwright.reports.tables import ABSENT

PART = {"PQ": 0.5, "SQ": 0.8, "RQ": 0.625}
NONE = dict.fromkeys(("PQ", "SQ", "RQ"))
COUNTS = {"matched": 2, "wrong": 1, "missed": 3}
SCORES: dict[str, Any] = {
    **PART,
    "things": PART,
    "stuff": NONE,
    "classes": {
        "sky": {**NONE, "thing": False, "matched": 0, "wrong": 0, "missed": 0},
        "car": {**PART, "thing": True, **COUNTS},
        "person": {**PART, "PQ": 0.75, "thing": True, **COUNTS},
    },
}


def test_the_summary_has_all_classes_things_and_stuff() -> None:
    table = panoptic_summary(SCORES)
    assert table.header == ["classes", "PQ", "SQ", "RQ"]
    assert table.rows == [
        ["all", "0.500", "0.800", "0.625"],
        ["things", "0.500", "0.800", "0.625"],
        ["stuff", ABSENT, ABSENT, ABSENT],
    ]


def test_the_best_class_is_first_and_an_unmeasured_one_last() -> None:
    rows = panoptic_classes(SCORES).rows
    assert [row[:3] for row in rows] == [
        ["person", "thing", "0.750"],
        ["car", "thing", "0.500"],
        ["sky", "stuff", ABSENT],
    ]
    assert rows[1][-3:] == ["2", "1", "3"]


def test_intervals_stand_beside_pq() -> None:
    bounds = {"PQ": {"value": 0.5, "low": 0.4, "high": 0.6}}
    intervals = {"level": 0.95, **bounds, "things": bounds, "stuff": {}, "classes": {"car": bounds}}
    scores = {**SCORES, "intervals": intervals}
    assert panoptic_summary(scores).rows[0][2] == "[0.400, 0.600]"
    assert {row[0]: row[3] for row in panoptic_classes(scores).rows}["car"] == "[0.400, 0.600]"
