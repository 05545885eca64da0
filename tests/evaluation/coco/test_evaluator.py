"""COCO scores against pycocotools on small invented data sets."""

import resource
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from maskwright.annotations.coco.categories import class_table, label_by_category
from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.faults import Audit
from maskwright.annotations.objects import draw_objects
from maskwright.evaluation.coco import evaluator
from maskwright.evaluation.coco.evaluator import (
    PROTOCOL,
    STATISTICS,
    ground_truth,
    protocol,
    run_coco_eval,
)
from tests.evaluation.all_at_once import coco_scores
from tests.evaluation.invented_coco import CLASSES, SIDE, datasets, pycocotools_scores, record, same


def assert_equal_to_pycocotools(truth: dict[str, Any], results: list[dict[str, Any]]) -> None:
    scores = coco_scores(truth, results)
    for kind in ("bbox", "segm"):
        theirs = pycocotools_scores(truth, results, kind)
        for name in STATISTICS:
            assert same(scores[kind][name], theirs[name]), (kind, name, scores[kind][name], theirs[name])
        for category in truth["categories"]:
            ours = scores["classes"][category["name"]]
            for key, expected in zip((kind, f"{kind}50"), theirs["classes"][category["id"]], strict=True):
                assert same(ours[key], expected), (category, key, ours[key], expected)


@settings(max_examples=60)
@given(datasets())
def test_scores_equal_pycocotools_with_crowds_ties_and_empty_classes(dataset: Any):
    assert_equal_to_pycocotools(*dataset)


@settings(max_examples=15)
@given(datasets())
def test_no_results_at_all_score_as_pycocotools_would(dataset: Any):
    assert_equal_to_pycocotools(dataset[0], [])


@settings(max_examples=15)
@given(datasets())
def test_no_truth_at_all_has_no_scores(dataset: Any):
    scores = coco_scores({**dataset[0], "annotations": []}, dataset[1])
    assert set(scores["bbox"].values()) == set(scores["segm"].values()) == {None}


def test_instances_are_counted_by_class_without_crowds():
    shape = record((0, 0, 10, 10), True)
    truth = {
        "images": [{"id": 1, "height": SIDE, "width": SIDE}],
        "categories": [{"id": i, "name": name} for i, name in CLASSES.items()],
        "annotations": [
            {"id": i, "image_id": 1, "category_id": category, "area": 100.0, "iscrowd": crowd, **shape}
            for i, (category, crowd) in enumerate([(1, 0), (1, 0), (1, 1), (5, 1)], start=1)
        ],
    }
    classes = coco_scores(truth, [])["classes"]
    assert {name: row["instances"] for name, row in classes.items()} == {"person": 2, "dog": 0, "cake": 0}


def test_the_scores_are_not_printed(capfd: pytest.CaptureFixture[str]):
    shape = record((0, 0, 10, 10), True)
    truth = {
        "images": [{"id": 1, "height": SIDE, "width": SIDE}],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "area": 100.0, "iscrowd": 0, **shape}],
    }
    result = {"image_id": 1, "category_id": 1, "score": 0.5, "file_name": "1.png", **shape}
    assert coco_scores(truth, [result])["bbox"]["AP"] == pytest.approx(1.0, abs=1e-12)
    assert capfd.readouterr().out == ""


@pytest.fixture
def truth_of_file(coco):
    """``truth_of_file(*annotations)``: the ground truth of a COCO file with the classes 0 cake and 9 person."""

    def make(*annotations: dict[str, Any]) -> dict[str, Any]:
        read = read_coco(coco(*annotations, categories={0: "cake", 9: "person"}))
        table = class_table(read, ["person", "cake"])
        objects = draw_objects(read.images[0], read.annotations, label_by_category(read, table), Audit(""))
        return ground_truth([objects], table)

    return make


def test_truth_carries_class_indices_and_ids_from_one(truth_of_file):
    # pycocotools takes a match with annotation id 0 for no match.
    truth = truth_of_file({"id": 0, "category_id": 0}, {"id": 5, "category_id": 9})
    assert [(a["id"], a["category_id"]) for a in truth["annotations"]] == [(1, 2), (2, 1)]
    assert truth["categories"] == [{"id": 1, "name": "person"}, {"id": 2, "name": "cake"}]


def test_truth_carries_the_area_and_the_box_of_the_file(truth_of_file):
    (annotation,) = truth_of_file({"category_id": 9, "area": 77.5, "bbox": [0, 0, 1, 1], "iscrowd": 1})["annotations"]
    assert annotation["area"] == 77.5
    assert annotation["bbox"] == [0, 0, 1, 1]
    assert annotation["iscrowd"] == 1


def test_an_object_without_a_mask_stands_in_its_place_and_has_no_segmentation(truth_of_file):
    bare = {"segmentation": [], "bbox": [1, 2, 3, 4]}
    truth = truth_of_file({"bbox": [0, 0, 1, 1], "category_id": 9}, bare | {"category_id": 0}, {"category_id": 9},
                          bare | {"category_id": 9, "area": 7, "iscrowd": 1})  # fmt: skip
    assert [each["id"] for each in truth["annotations"]] == [1, 2, 3, 4]
    assert ["segmentation" in each for each in truth["annotations"]] == [True, False, True, False]
    assert [each["bbox"] for each in truth["annotations"]] == [
        [0, 0, 1, 1],
        [1, 2, 3, 4],
        [10, 10, 10, 10],
        [1, 2, 3, 4],
    ]
    assert [each["area"] for each in truth["annotations"]] == [100, 12, 100, 7]
    assert [(each["category_id"], each["iscrowd"]) for each in truth["annotations"]] == [(1, 0), (2, 0), (1, 0), (1, 1)]


def test_the_protocol_names_the_area_rule_of_masks_where_one_was_used():
    assert protocol(None) == PROTOCOL
    assert protocol("mask") == f"{PROTOCOL}; sizes of detected masks by mask area"


def test_truth_that_is_its_own_prediction_scores_one(truth_of_file):
    truth = truth_of_file({"category_id": 9}, {"category_id": 0, "segmentation": [[30, 5, 60, 5, 60, 40]]})
    results = [{**a, "score": 0.5} for a in truth["annotations"]]
    scores = coco_scores(truth, results)
    assert scores["bbox"]["AP"] == scores["segm"]["AP"] == pytest.approx(1.0, abs=1e-12)
    assert_equal_to_pycocotools(truth, results)


def test_what_is_ignored_counts_neither_for_nor_against_in_any_class(coco):
    read = read_coco(coco({"category_id": 9}, {"category_id": 4}, categories={0: "cake", 4: "toy", 9: "person"}))
    table = class_table(read, ["person", "cake"])
    person, toy = read.annotations
    toy.segmentation = msgspec.Raw(b"[[30, 30, 50, 30, 50, 46, 30, 46]]")
    toy.bbox = [29.5, 29.5, 21, 17]
    objects = draw_objects(read.images[0], [person], label_by_category(read, table), Audit(""), ignored=[toy])
    truth = ground_truth([objects], table)
    assert [(a["category_id"], a["iscrowd"]) for a in truth["annotations"]] == [(1, 0), (1, 1), (2, 1)]
    assert [a["bbox"] for a in truth["annotations"]] == [[10, 10, 10, 10], [29.5, 29.5, 21, 17], [29.5, 29.5, 21, 17]]
    right = {**truth["annotations"][0], "score": 0.5}
    # Found with more confidence than the person, inside what is ignored, and twice.
    inside = [{**truth["annotations"][1], "iscrowd": 0, "score": score} for score in (0.9, 0.8)]
    scores = coco_scores(truth, [*inside, right])
    assert scores["segm"]["AP"] == scores["bbox"]["AP"] == pytest.approx(1.0, abs=1e-12)
    assert scores["classes"]["person"]["instances"] == 1
    assert_equal_to_pycocotools(truth, [*inside, right])


def test_classes_that_nothing_shows_change_no_score_and_take_no_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    square = {"image_id": 1, "category_id": 7, "bbox": [1, 1, 10, 10], "area": 100}
    few = {
        "images": [{"id": 1, "height": 48, "width": 64}],
        "annotations": [{**square, "id": 1, "iscrowd": 0}],
        "categories": [{"id": 7, "name": "seen"}],
    }
    many = {**few, "categories": [{"id": number, "name": f"class {number}"} for number in range(1, 50_001)]}
    results: list[Any] = [{**square, "bbox": [1, 1, 10, 8], "score": 0.5}]
    assert run_coco_eval(many, results, "bbox") == run_coco_eval(few, results, "bbox")
    nothing: dict[str, Any] = {**many, "annotations": []}
    assert set(run_coco_eval(nothing, [], "bbox").statistics.values()) == {None}
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 200_000_000


@settings(max_examples=40)
@given(datasets())
def test_groups_of_classes_give_the_numbers_of_pycocotools(dataset: Any):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluator, "MOST_TOGETHER", 2)
        patch.setattr(evaluator, "GROUP", 2)
        assert_equal_to_pycocotools(*dataset)
        assert_equal_to_pycocotools(dataset[0], [])
        nowhere = coco_scores({**dataset[0], "annotations": []}, dataset[1])
        assert set(nowhere["segm"].values()) == {None}


def test_thousands_of_classes_that_occur_take_little_memory() -> None:
    box = {"image_id": 1, "bbox": [1, 1, 10, 10], "area": 100}
    numbers = range(1, 3_001)
    truth = {
        "images": [{"id": 1, "height": 48, "width": 64}],
        "annotations": [{**box, "id": number, "category_id": number, "iscrowd": 0} for number in numbers],
        "categories": [{"id": number, "name": f"class {number}"} for number in numbers],
    }
    results: list[Any] = [{**box, "category_id": number, "score": 0.5} for number in numbers if number % 3]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = run_coco_eval(truth, results, "bbox")
    assert found.statistics["AP"] == found.statistics["ARs"] == pytest.approx(2 / 3, abs=1e-12)
    assert found.statistics["APl"] is None
    assert (found.classes[2], found.classes[3]) == ((pytest.approx(1.0), pytest.approx(1.0)), (0.0, 0.0))
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 200_000_000
