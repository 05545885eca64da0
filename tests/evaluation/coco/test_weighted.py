"""AP of weighted images against pycocotools on data sets in which the images are really repeated."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.evaluation.coco import weighted
from maskwright.evaluation.coco.matcher import match_records
from maskwright.evaluation.coco.weighted import SampledScores
from tests.evaluation.explanation.planted import dataset
from tests.evaluation.invented_coco import datasets, pycocotools_scores, same

IMAGES = (1, 2, 3)
Set = tuple[dict[str, Any], list[dict[str, Any]]]


def repeated(truth: dict[str, Any], results: list[dict[str, Any]], times: list[int]) -> Set:
    """The data set with image i of ``IMAGES`` as often as ``times`` says, under ids of its own."""
    copies = [(image, copy) for image, often in zip(IMAGES, times, strict=True) for copy in range(often)]
    ids = {pair: number for number, pair in enumerate(copies, start=1)}
    images, annotations, found = [], [], []
    for (image, _), number in ids.items():
        images.append({**truth["images"][image - 1], "id": number})
        mine = [each for each in truth["annotations"] if each["image_id"] == image]
        annotations += [{**each, "image_id": number} for each in mine]
        found += [{**each, "image_id": number} for each in results if each["image_id"] == image]
    annotations = [{**each, "id": number} for number, each in enumerate(annotations, start=1)]
    return {**truth, "images": images, "annotations": annotations}, found


def untied(results: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """Scores that differ: ties within an image would be broken in another order by its copies."""
    scores = np.random.default_rng(seed).permutation(len(results)) + 1
    return [{**each, "score": float(score) / 64} for each, score in zip(results, scores, strict=True)]


def numbers(scores: SampledScores) -> npt.NDArray[np.float64]:
    """All scores, a column a sample."""
    return np.concatenate([np.stack(list(scores.overall.values())), scores.ap, scores.ap50])


@settings(max_examples=15, deadline=None)
@given(
    datasets(),
    st.lists(st.integers(0, 3), min_size=3, max_size=3).filter(any),
    st.sampled_from(["bbox", "segm"]),
    st.integers(0, 99),
)
def test_weights_are_repetitions(data: Set, times: list[int], kind: str, seed: int):
    truth, results = data[0], untied(data[1], seed)
    records = match_records(truth, results, kind)
    scores = records.scores(np.array([times, [1, 1, 1]]))
    ours = {name: None if np.isnan(v[0]) else float(v[0]) for name, v in scores.overall.items()}
    theirs = pycocotools_scores(*repeated(truth, results, times), kind)
    assert {name: value for name, value in ours.items() if not same(value, theirs[name])} == {}
    for k, category in enumerate(records.categories):
        ap, ap50 = theirs["classes"][category]
        assert same(None if np.isnan(scores.ap[k, 0]) else float(scores.ap[k, 0]), ap)
        assert same(None if np.isnan(scores.ap50[k, 0]) else float(scores.ap50[k, 0]), ap50)


@settings(max_examples=10, deadline=None)
@given(datasets())
def test_equal_weights_give_the_evaluation_itself(data: Set):
    scores = match_records(*data, "segm").scores(np.array([[1, 1, 1]]))
    theirs = pycocotools_scores(*data, "segm")
    for name, values in scores.overall.items():
        assert same(None if np.isnan(values[0]) else float(values[0]), theirs[name])


@settings(max_examples=6, deadline=None)
@given(datasets(), st.integers(0, 9))
def test_a_draw_is_the_same_alone_and_among_others(data: Set, seed: int):
    weights = np.random.default_rng(seed).integers(0, 3, (7, 3))
    records = match_records(*data, "segm")
    together = numbers(records.scores(weights))
    for column, alone in zip(together.T, weights, strict=True):
        assert np.array_equal(column, numbers(records.scores(alone[None]))[:, 0], equal_nan=True)


@settings(max_examples=10, deadline=None)
@given(datasets(), st.integers(0, 9))
def test_samples_alike_on_the_images_of_a_rare_class_are_scored_once(data: Set, seed: int):
    weights = np.random.default_rng(seed).integers(0, 3, (40, 3))
    records = match_records(*data, "bbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weighted, "_FEW_IMAGES", -1)
        each = numbers(records.scores(weights))
    assert np.array_equal(each, numbers(records.scores(weights)), equal_nan=True)


def test_sizes_that_all_objects_have_are_scored_once(monkeypatch: pytest.MonkeyPatch):
    truth, results = dataset(3)
    small = [{**each, "area": 100.0} for each in truth["annotations"]]
    found = [{**each, "bbox": [*each["bbox"][:2], 5.0, 5.0]} for each in results]
    calls: list[weighted.Ranked] = []
    compute = weighted._precision
    monkeypatch.setattr(weighted, "_precision", lambda cell, *more: (calls.append(cell), compute(cell, *more))[1])
    records = match_records({**truth, "annotations": small}, found, "bbox")
    scores = records.scores(np.ones((2, len(truth["images"])), np.int64))
    assert np.array_equal(scores.overall["APs"], scores.overall["AP"])
    # All sizes and small ones are one cell, medium and large ones another, of nothing.
    assert len(calls) == 2 * len(records.categories)
