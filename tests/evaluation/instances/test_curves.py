import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.evaluation.coco.matches import Matches
from maskwright.evaluation.instances.curves import (
    at_threshold,
    best_threshold,
    class_curves,
    per_class,
    pr_curve,
    precision_recall,
)


def matches(score: list[float], right: list[bool], missed: int = 0, category: int = 1) -> Matches:
    order = np.argsort(-np.array(score), kind="stable")
    scores, hits = np.array(score, float)[order], np.array(right, bool)[order]
    found_at = np.concatenate([scores[hits], np.full(missed, np.nan)])
    detections, objects = np.ones(len(scores), np.int64), np.ones(len(found_at), np.int64)
    return Matches(detections, detections * category, scores, hits, objects, objects * category, found_at)


some_matches = st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.9]), st.booleans()), max_size=12).flatmap(
    lambda rows: st.integers(0, 3).map(lambda missed: matches([s for s, _ in rows], [r for _, r in rows], missed))
)


@settings(max_examples=60)
@given(some_matches)
def test_every_point_of_the_curve_is_what_its_threshold_gives(found: Matches):
    curve = pr_curve(found)
    assert curve["score"].tolist() == sorted(set(found.score.tolist()), reverse=True)
    for score, precision, recall in zip(curve["score"], curve["precision"], curve["recall"], strict=True):
        there = at_threshold(found, score)
        assert there["precision"] == pytest.approx(precision)
        assert (np.isnan(recall) and there["recall"] is None) or there["recall"] == pytest.approx(recall)


@settings(max_examples=60)
@given(some_matches)
def test_no_threshold_has_a_higher_f1_than_the_best(found: Matches):
    best = best_threshold(found)
    if best["score"] is None:
        assert not len(found.score) or not len(found.found_at)
        return
    assert at_threshold(found, best["score"])["F1"] == pytest.approx(best["F1"])
    tried = {score: at_threshold(found, score)["F1"] for score in found.score.tolist()}
    assert max(tried.values()) == pytest.approx(best["F1"])
    assert best["score"] == max(score for score, f1 in tried.items() if f1 == pytest.approx(best["F1"]))


def test_ratios_of_nothing_are_none():
    assert precision_recall(0, 0, 0) == {
        "precision": None,
        "recall": None,
        "F1": None,
        "right": 0,
        "wrong": 0,
        "missed": 0,
    }
    assert precision_recall(0, 0, 2)["recall"] == precision_recall(0, 0, 2)["F1"] == 0.0
    assert precision_recall(1, 1, 2) == {
        "precision": 0.5,
        "recall": 1 / 3,
        "F1": 0.4,
        "right": 1,
        "wrong": 1,
        "missed": 2,
    }


def test_a_detection_of_exactly_the_threshold_counts():
    assert at_threshold(matches([0.5, 0.4], [True, True]), 0.5)["right"] == 1


def test_classes_are_measured_apart():
    found = per_class(matches([0.9, 0.2], [True, False], 1, category=3), {3: "dog", 4: "cat"}, 0.5)
    assert (found["dog"]["right"], found["dog"]["missed"], found["dog"]["best"]["score"]) == (1, 1, 0.9)
    assert found["cat"]["recall"] is None
    curves = class_curves(matches([0.9, 0.2], [True, False], 1, category=3), {3: "dog", 4: "cat"})
    assert list(curves) == ["dog"]
    assert curves["dog"] == {"score": [0.9, 0.2], "precision": [1.0, 0.5], "recall": [0.5, 0.5]}
