import numpy as np
import pytest

from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.panoptic.intervals import panoptic_intervals
from maskwright.evaluation.panoptic.one_kind import one_kind_intervals, one_kind_quality
from maskwright.evaluation.panoptic.quality import MatchCounts, panoptic_scores, summed_counts

NAMES = {7: "car", 8: "bus", 9: "bicycle"}
IMAGES = [
    {7: MatchCounts(2, 1, 0, 1.5), 9: MatchCounts()},
    {7: MatchCounts(1, 0, 1, 0.75), 8: MatchCounts(0, 1, 0)},
    {},
]


def test_classes_without_a_segment_are_left_out():
    found = one_kind_quality(IMAGES, NAMES)
    assert found["classes"] == {
        "car": {"PQ": 2.25 / 4, "SQ": 0.75, "RQ": 0.75, "matched": 3, "wrong": 1, "missed": 1},
        "bus": {"PQ": 0.0, "SQ": 0.0, "RQ": 0.0, "matched": 0, "wrong": 1, "missed": 0},
    }
    assert found["PQ"] == 2.25 / 4 / 2
    assert one_kind_quality([], NAMES) == {"PQ": None, "SQ": None, "RQ": None, "classes": {}}


def test_the_intervals_are_those_of_all_classes_of_which_one_has_no_segment():
    rng = np.random.default_rng(0)

    def counts() -> MatchCounts:
        matched, wrong, missed = rng.integers(0, 4, 3).tolist()
        return MatchCounts(matched, wrong, missed, float(rng.random()))

    images = [{label: counts() for label in (7, 8)} for _ in range(30)]
    resampling = Resampling(samples=50)
    found = one_kind_intervals(images, NAMES, resampling)
    index = {label: position for position, label in enumerate(NAMES, start=1)}
    renumbered = [{index[label]: counts for label, counts in image.items()} for image in images]
    whole = panoptic_intervals(renumbered, list(NAMES.values()), [True] * 3, resampling)
    assert found["PQ"] == whole["PQ"]
    assert found["classes"] == {name: whole["classes"][name] for name in ("car", "bus")}
    assert found["PQ"]["value"] == pytest.approx(
        panoptic_scores(summed_counts(renumbered), list(NAMES.values()), [True] * 3)["PQ"]
    )
