import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.errors import DataError, UsageError
from maskwright.evaluation.coco.truth import read_truth
from maskwright.evaluation.instances.details import Thresholds
from maskwright.evaluation.instances.summary import (
    InstanceScores,
    ResultClasses,
    require_thresholds,
    summarise_instances,
)
from maskwright.evaluation.results.index import ClassIndex
from maskwright.evaluation.results.records import read_results
from tests.conftest import CocoFactory


def summary(truth: Path, records: list[dict[str, Any]], thresholds: Thresholds | None) -> InstanceScores:
    results = truth.with_name("results.json")
    results.write_text(json.dumps(records))
    true = read_truth(truth)
    index = ClassIndex({1: 1})
    found = read_results(results, true.image_index(), index)
    return summarise_instances(true, found, ResultClasses(index, "invented", "classes.txt"), thresholds)


def test_every_record_of_truth_and_results_is_accounted_for(coco: CocoFactory) -> None:
    truth = coco({"bbox": [10, 10, 10, 10], "area": 100}, {"category_id": 2}, {"segmentation": []})
    found = {"image_id": 1, "category_id": 1, "score": 0.5, "bbox": [10, 10, 10, 10]}
    scores = summary(truth, [found, found | {"category_id": 7}], None)
    account = scores.scores["results"]
    assert (account["found"], account["used"], account["category_ids"]) == (2, 1, "invented")
    assert account["left_out"]["unknown_class"]["count"] == 1
    assert scores.scores["truth"]["skipped"] == {"empty_segmentation": 1}
    assert scores.details is None
    assert any(remark.startswith("classes.txt") and "dog" in remark for remark in scores.remarks)
    assert scores.to_json()["remarks"] == scores.remarks


def test_details_are_measured_at_the_thresholds_asked_for(coco: CocoFactory) -> None:
    found = {"image_id": 1, "category_id": 1, "score": 0.5, "bbox": [10, 10, 10, 10]}
    at = [summary(coco({}), [found], Thresholds(score)).scores["at_score"]["right"] for score in (0.4, 0.6)]
    assert at == [1, 0]


def test_more_pairs_of_an_image_and_more_classes_than_the_limits_are_refused(
    coco: CocoFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = coco({"bbox": [10, 10, 10, 10], "area": 100}, {"category_id": 2})
    found = {"image_id": 1, "category_id": 1, "score": 0.5, "bbox": [10, 10, 10, 10]}
    monkeypatch.setenv("MASKWRIGHT_LIMIT_SCORED_PAIRS", "3")
    with pytest.raises(DataError, match=r"2 results on image 1 with 2 objects; at most 3 .*scored-pairs"):
        summary(truth, [found] * 2, Thresholds())
    assert summary(truth, [found], Thresholds()).details is not None
    monkeypatch.setenv("MASKWRIGHT_LIMIT_SCORED_CLASSES", "1")
    with pytest.raises(DataError, match=r"2 classes have objects or results; at most 1 .*scored-classes.*--classes"):
        summary(truth, [found], None)


@pytest.mark.parametrize("thresholds", [Thresholds(-0.1), Thresholds(1.1), Thresholds(iou=0), Thresholds(iou=1.5)])
def test_thresholds_out_of_range_are_refused(thresholds: Thresholds) -> None:
    with pytest.raises(UsageError, match="number"):
        require_thresholds(thresholds)


@pytest.mark.parametrize("negative", ["image", "category"])
def test_a_negative_id_which_the_evaluator_does_not_take_is_refused_by_name(coco: CocoFactory, negative: str) -> None:
    ids = {"image_id": 1, "category_id": 1} | {f"{negative}_id": -4}
    truth = coco(ids, images=[{"id": ids["image_id"]}], categories={ids["category_id"]: "person"})
    found = {**ids, "score": 0.5, "bbox": [10, 10, 10, 10]}
    results = truth.with_name("results.json")
    results.write_text(json.dumps([found]))
    true = read_truth(truth)
    index = ClassIndex({ids["category_id"]: ids["category_id"]})
    read = read_results(results, true.image_index(), index)
    with pytest.raises(DataError, match=f"labels.json: {negative} -4 has a negative id"):
        summarise_instances(true, read, ResultClasses(index, "invented", "classes.txt"), None)
