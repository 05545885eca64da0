"""Matches against pycocotools, with crowds, ties, objects at the borders of sizes, and more detections than count."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from maskwright.evaluation.coco.matcher import grouped_records, image_cells, match_records, overlap_records
from tests.evaluation.coco.test_weighted import IMAGES, Set, numbers
from tests.evaluation.explanation.planted import dataset
from tests.evaluation.invented_coco import datasets, pycocotools_scores, same

NAMES = ("AP", "AP50", "AP75", "APs", "APm", "APl")


def statistics(truth: dict[str, Any], results: list[dict[str, Any]], kind: str) -> dict[str, float | None]:
    weights = np.ones((1, len(truth["images"])), np.int64)
    found = match_records(truth, results, kind).scores(weights).overall  # type: ignore[arg-type]
    return {name: None if np.isnan(values[0]) else float(values[0]) for name, values in found.items()}


@pytest.mark.parametrize("kind", ["bbox", "segm"])
@settings(max_examples=25)
@given(datasets())
def test_scores_of_the_matches_are_those_of_pycocotools(kind: str, data: Set) -> None:
    theirs = pycocotools_scores(*data, kind)
    ours = statistics(*data, kind)
    assert {name: ours[name] for name in NAMES if not same(ours[name], theirs[name])} == {}


@pytest.mark.parametrize("kind", ["bbox", "segm"])
@pytest.mark.parametrize("boxes", [True, False])
def test_many_detections_and_results_without_boxes(kind: str, boxes: bool) -> None:
    truth, results = dataset(3)
    truth["annotations"] = [{**each, "id": number} for number, each in enumerate(truth["annotations"], start=1)]
    if not boxes:
        results = [{key: value for key, value in each.items() if key != "bbox"} for each in results]
    theirs = pycocotools_scores(truth, results, kind)
    ours = statistics(truth, results, kind)
    assert {name: ours[name] for name in NAMES if not same(ours[name], theirs[name])} == {}


@settings(max_examples=5)
@given(datasets())
def test_the_order_in_which_images_are_added_does_not_matter(data: Set) -> None:
    truth, results = data
    cells = [cell for each in grouped_records(truth["annotations"], results) for cell in image_cells(*each, "segm")]  # type: ignore[arg-type]
    weights = np.array([[1, 2, 0]])
    found = [numbers(overlap_records(order, [1, 2, 5, 7], IMAGES).scores(weights)) for order in (cells, cells[::-1])]
    assert np.array_equal(*found, equal_nan=True)
