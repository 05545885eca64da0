import json
from pathlib import Path
from typing import Any

import pytest
from pycocotools import mask as oracle

from maskwright.errors import DataError, UsageError
from maskwright.evaluation.results.index import ClassIndex, ImageIndex
from maskwright.evaluation.results.records import Results, read_results

IMAGES = ImageIndex({1: (20, 30), 2: (20, 30)}, {"a.png": 1, "b.png": 2})
CLASSES = ClassIndex({1: 1, 3: 3}, {5: "kite"})
SQUARE = [[2, 2, 12, 2, 12, 12, 2, 12]]


def record(**changes: Any) -> dict[str, Any]:
    square = {"image_id": 1, "category_id": 1, "score": 0.5, "bbox": [2, 2, 10, 10], "segmentation": SQUARE}
    return {key: value for key, value in (square | changes).items() if value is not ...}


@pytest.fixture
def read(write_json):
    def read(*records: Any) -> Results:
        return read_results(write_json(list(records), "results.json"), IMAGES, CLASSES)

    return read


def test_boxes_and_masks_are_read_with_the_truths_ids(read):
    results = read(record(), record(file_name="b.png", category_id=3, score=1))
    assert [(r["image_id"], r["category_id"], r["score"]) for r in results.records] == [(1, 1, 0.5), (2, 3, 1.0)]
    assert oracle.area(results.records[0]["segmentation"]) == 100
    assert results.records[0]["bbox"] == [2.0, 2.0, 10.0, 10.0]
    assert (results.found, results.rejected.total, results.without_mask) == (2, 0, 0)


@pytest.mark.parametrize(
    ("reason", "bad"),
    [
        ("not_a_result", "text"),
        ("not_a_result", {"image_id": 1, "category_id": 1}),
        ("not_a_result", record(image_id="1")),
        ("unknown_image", record(image_id=9)),
        ("unknown_image", record(file_name="c.png")),
        ("unknown_class", record(category_id=9)),
        ("class_not_scored", record(category_id=5)),
        ("bad_box", record(bbox=[1, 2, 3])),
        ("bad_box", record(bbox=[1, 2, -3, 4])),
        ("bad_box", record(bbox="all")),
        ("bad_mask", record(segmentation=[])),
        ("bad_mask", record(segmentation={"size": [20, 30], "counts": "R"})),
        ("nothing_to_score", record(bbox=..., segmentation=None)),
    ],
)
def test_a_record_that_cannot_be_scored_is_counted_and_named(read, reason: str, bad: Any):
    results = read(record(), bad, record())
    assert results.rejected.counts == {reason: 1}
    assert results.rejected.examples[reason][0].startswith("record 1 ")
    assert results.found == len(results.records) + results.rejected.total == 3


def test_scores_that_are_not_finite_are_left_out_although_json_has_none(tmp_path: Path):
    path = tmp_path / "results.json"
    path.write_text(f"[{json.dumps(record())}, {json.dumps(record(score=float('nan')))},]", encoding="utf-8")
    results = read_results(path, IMAGES, CLASSES)
    assert (len(results.records), results.rejected.total) == (1, 1)


def test_a_score_beyond_all_numbers_is_no_score(tmp_path: Path):
    path = tmp_path / "results.json"
    text = json.dumps([record(), record(score=12345)]).replace("12345", "1e999")
    path.write_text(text, encoding="utf-8")
    assert read_results(path, IMAGES, CLASSES).rejected.total == 1


def test_where_the_first_record_has_a_box_the_others_get_that_of_their_mask(read):
    mixed = read(record(), record(bbox=...))
    assert mixed.records[1]["bbox"] == [2.0, 2.0, 10.0, 10.0]
    assert mixed.area_rule == "box"
    # Otherwise none is made up: pycocotools takes sizes from masks then.
    bare = read(record(bbox=...), record())
    assert ["bbox" in each for each in bare.records] == [False, True]
    assert bare.area_rule == read().area_rule == "mask"
    # Unless masks are missing: boxes are all there is.
    assert all("bbox" in each for each in read(record(bbox=...), record(segmentation=...)).records)


def test_records_of_masks_have_boxes_exactly_where_sizes_go_by_them(read):
    for records in ((record(), record(bbox=...)), (record(bbox=...), record()), (record(bbox=...),)):
        results = read(*records, record(segmentation=...))
        by_rule = {area: results.of("segm", area) for area in (None, "mask", "box")}
        assert all(len(found) == len(records) for found in by_rule.values())
        assert not any("bbox" in each for each in by_rule["mask"])
        assert all("bbox" in each for each in by_rule["box"])
        assert by_rule[None] == by_rule[results.area_rule]
        assert all("bbox" in each for each in results.of("bbox", "mask"))


def test_records_without_a_mask_are_scored_for_boxes_only(read):
    results = read(record(), record(segmentation=...))
    assert (results.without_mask, len(results.of("bbox")), len(results.of("segm"))) == (1, 2, 1)
    assert results.has_masks
    assert not read(record(segmentation=...)).has_masks


def test_results_of_which_none_can_be_scored_are_refused_with_the_reasons(read):
    with pytest.raises(DataError, match=r"none of its 2 records.*\n.*record 0 is of image 9"):
        read(record(image_id=9), record(image_id=9))


def test_an_empty_list_is_a_result_too(read):
    assert (read().found, read().records, read().has_masks) == (0, [], True)


@pytest.mark.parametrize("text", ['{"annotations": []}', "[1, ", "", "null", "[" * 100_000])
def test_what_is_no_list_of_records_is_refused_by_name(tmp_path: Path, text: str):
    path = tmp_path / "results.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"results\.json"):
        read_results(path, IMAGES, CLASSES)


def test_a_missing_file_is_a_usage_error_with_the_nearest_name(tmp_path: Path):
    (tmp_path / "results.json").write_text("[]", encoding="utf-8")
    with pytest.raises(UsageError, match=r"Nearest.*results\.json"):
        read_results(tmp_path / "result.json", IMAGES, CLASSES)
