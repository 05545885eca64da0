"""Segments of label maps, against the evaluator of panoptic maps on the same pixels."""

import numpy as np
import pytest

from maskwright.evaluation.panoptic.label_maps import label_map_segments
from maskwright.evaluation.panoptic.one_kind import one_kind_quality
from maskwright.evaluation.panoptic.quality import MatchCounts
from maskwright.evaluation.score_panoptic import score_panoptic
from maskwright.evaluation.semantic.scores import confusion
from maskwright.structures import PanopticMap, PanopticSegment

NAMES = ["ground", "person", "dog", "cake"]


def segments(truth: np.ndarray, prediction: np.ndarray) -> dict[int, MatchCounts]:
    return label_map_segments(truth, prediction, confusion(truth, prediction, len(NAMES), 255), 255)


def panoptic(labels: np.ndarray) -> PanopticMap:
    """The same pixels with the ids 1 to 4 for the four classes, and void where they are ignored."""
    ids = np.where(labels == 255, 0, labels.astype(np.int64) + 1)
    return PanopticMap(ids, tuple(PanopticSegment(i, i) for i in np.unique(ids[ids > 0]).tolist()))


def blocks(rng: np.random.Generator, labels: list[int]) -> np.ndarray:
    return rng.choice(np.array(labels, np.uint8), (4, 4)).repeat(5, axis=0).repeat(5, axis=1)


def test_the_scores_of_200_random_sets_equal_those_of_the_panoptic_evaluator():
    rng = np.random.default_rng(0)
    for _ in range(200):
        pairs = []
        for _ in range(4):
            truth, noise = blocks(rng, [0, 0, 1, 2, 255]), blocks(rng, [0, 1, 2, 3])
            kept = blocks(rng, [0, 1, 1]).astype(bool) & (truth != 255)
            pairs.append((truth, np.where(kept, truth, noise).astype(np.uint8)))
        found = one_kind_quality([segments(*pair) for pair in pairs], dict(enumerate(NAMES)))
        true, predicted = ({str(n): panoptic(pair[side]) for n, pair in enumerate(pairs)} for side in (0, 1))
        expected = score_panoptic(true, predicted, classes=NAMES, stuff=NAMES)
        for key in ("PQ", "SQ", "RQ"):
            assert found[key] == pytest.approx(expected[key], abs=1e-12)
        for name, row in found["classes"].items():
            assert row == pytest.approx({key: expected["classes"][name][key] for key in row}, abs=1e-12)


def test_a_segment_of_which_more_than_half_is_ignored_is_not_wrong():
    truth, prediction = np.array([[255, 255, 0, 0]], np.uint8), np.array([[1, 1, 1, 0]], np.uint8)
    assert segments(truth, prediction)[1] == MatchCounts()
    prediction[0, 3] = 1
    assert segments(truth, prediction)[1] == MatchCounts(wrong=1)
    assert segments(truth, prediction)[0] == MatchCounts(missed=1)
