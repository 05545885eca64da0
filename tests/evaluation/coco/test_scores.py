"""From files to the 12 numbers, against pycocotools on the same data."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as oracle

from maskwright.evaluation.coco.evaluator import STATISTICS
from maskwright.evaluation.coco.scores import official_scores, scorable_iou_types
from maskwright.evaluation.coco.truth import read_truth
from maskwright.evaluation.results.classes import class_index
from maskwright.evaluation.results.records import read_results
from maskwright.structures import AreaRule
from tests.evaluation.invented_coco import datasets, pycocotools_scores, same

# What a tool may write: boxes, masks or both. pycocotools takes a detection's size from its box where it has one.
FORMS = {"both": ("bbox", "segmentation"), "masks": ("segmentation",), "boxes": ("bbox",)}


def in_form(results: list[dict[str, Any]], form: str) -> list[dict[str, Any]]:
    kept = {"image_id", "category_id", "score", *FORMS[form]}
    return [{key: value for key, value in each.items() if key in kept} for each in results]


def as_file(truth: dict[str, Any]) -> dict[str, Any]:
    """The truth as files have it: ids from 0, file names, and an ``ignore`` that the evaluators override."""
    images = [{**image, "file_name": f"{image['id']}.png"} for image in truth["images"]]
    annotations = [{**each, "id": each["id"] - 1, "ignore": each["id"] % 2} for each in truth["annotations"]]
    return {**truth, "images": images, "annotations": annotations}


def scored(
    folder: Path, truth: dict[str, Any], results: list[dict[str, Any]], area: AreaRule | None = None
) -> dict[str, Any]:
    paths = folder / "truth.json", folder / "results.json"
    for path, value in zip(paths, (as_file(truth), results), strict=True):
        path.write_text(json.dumps(value), encoding="utf-8")
    true = read_truth(paths[0])
    found = read_results(paths[1], true.image_index(), class_index(paths[1], true.names))
    assert found.found == len(found.records) == len(results)
    return official_scores(true, found, area)


@settings(max_examples=300)
@given(datasets(), st.sampled_from(sorted(FORMS)))
def test_the_numbers_equal_pycocotools_with_crowds_ignores_ties_empty_classes_and_id_0(
    tmp_path_factory: pytest.TempPathFactory, dataset: Any, form: str
):
    truth, results = dataset[0], in_form(dataset[1], form)
    ours = scored(tmp_path_factory.mktemp("set"), truth, results)
    for kind in ("bbox", "segm"):
        if kind == "segm" and form == "boxes" and results:
            assert set(ours[kind].values()) == {None}
            continue
        theirs = pycocotools_scores({**truth, "annotations": as_numbered(truth)}, results, kind)
        for name in STATISTICS:
            assert same(ours[kind][name], theirs[name]), (kind, name, ours[kind][name], theirs[name])
        for category in truth["categories"]:
            row = ours["classes"][category["name"]]
            for key, expected in zip((kind, f"{kind}50"), theirs["classes"][category["id"]], strict=True):
                assert same(row[key], expected), (category, key, row[key], expected)


@settings(max_examples=40)
@given(datasets(), st.sampled_from(["both", "masks", "mixed"]), st.sampled_from(["mask", "box"]))
def test_by_mask_area_the_numbers_are_those_without_boxes_and_by_box_area_those_with_them(
    tmp_path_factory: pytest.TempPathFactory, dataset: Any, form: str, area: AreaRule
):
    truth, results = dataset
    given = [*in_form(results[:1], "masks"), *results[1:]] if form == "mixed" else in_form(results, form)
    ours = scored(tmp_path_factory.mktemp("set"), truth, given, area)
    assert ours["area"] == area
    tight = [{**each, "bbox": oracle.toBbox(compressed(each)).tolist()} for each in in_form(given, "masks")]
    boxed = [{**one, **other} for one, other in zip(tight, given, strict=True)]
    theirs = pycocotools_scores(truth, in_form(given, "masks") if area == "mask" else boxed, "segm")
    for name in STATISTICS:
        assert same(ours["segm"][name], theirs[name]), name
    # The scores of boxes are pycocotools', whatever the rule for masks.
    theirs = pycocotools_scores(truth, given, "bbox")
    for name in STATISTICS:
        assert same(ours["bbox"][name], theirs[name]), name


@settings(max_examples=40)
@given(datasets())
def test_where_the_first_record_alone_lacks_a_box_sizes_go_by_masks_as_in_pycocotools(
    tmp_path_factory: pytest.TempPathFactory, dataset: Any
):
    truth, results = dataset[0], [*in_form(dataset[1][:1], "masks"), *dataset[1][1:]]
    ours = scored(tmp_path_factory.mktemp("set"), truth, results)
    assert ours["area"] == "mask"
    for kind in ("bbox", "segm"):
        theirs = pycocotools_scores(truth, results, kind)
        for name in STATISTICS:
            assert same(ours[kind][name], theirs[name]), (kind, name)


def compressed(record: dict[str, Any]) -> dict[str, Any]:
    return {**record["segmentation"], "counts": record["segmentation"]["counts"].encode()}


def as_numbered(truth: dict[str, Any]) -> list[dict[str, Any]]:
    """Ids from 1: with 0 among them pycocotools would lose a match."""
    return [{**each, "id": position} for position, each in enumerate(truth["annotations"], start=1)]


def test_masks_are_scored_only_where_truth_and_results_have_them(coco, write_json):
    square = {"image_id": 1, "category_id": 1, "score": 0.5, "bbox": [10, 10, 10, 10]}
    truth = read_truth(coco({"bbox": [10, 10, 10, 10]}))
    boxes_alone = read_results(write_json([square], "r.json"), truth.image_index(), class_index(Path("r"), truth.names))
    assert scorable_iou_types(truth, boxes_alone) == ("bbox",)
    scores = official_scores(truth, boxes_alone)
    assert scores["bbox"]["AP"] == pytest.approx(1.0)
    assert set(scores["segm"].values()) == {None}
    assert scores["classes"]["person"] == {
        "instances": 1,
        "bbox": pytest.approx(1.0),
        "bbox50": pytest.approx(1.0),
        "segm": None,
        "segm50": None,
    }


def test_truth_without_masks_has_no_mask_scores(coco, write_json):
    truth = read_truth(coco({"bbox": [10, 10, 10, 10], "segmentation": ...}))
    mask = {"image_id": 1, "category_id": 1, "score": 0.5, "segmentation": [[10, 10, 20, 10, 20, 20, 10, 20]]}
    found = read_results(write_json([mask], "r.json"), truth.image_index(), class_index(Path("r"), truth.names))
    assert scorable_iou_types(truth, found) == ("bbox",)
    assert official_scores(truth, found)["bbox"]["AP"] == pytest.approx(1.0)


def test_no_results_at_all_score_zero_for_boxes_and_masks(coco, write_json):
    truth = read_truth(coco({}))
    found = read_results(write_json([], "r.json"), truth.image_index(), class_index(Path("r"), truth.names))
    scores = official_scores(truth, found)
    assert scores["bbox"]["AP"] == scores["segm"]["AP"] == 0.0
    assert scores["classes"]["dog"]["segm"] is None
