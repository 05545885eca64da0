import pytest

from maskwright.evaluation.panoptic.quality import MatchCounts, panoptic_scores, summed_counts


def test_means_are_over_the_classes_that_occur():
    counts = {1: MatchCounts(1, 0, 0, 0.8), 3: MatchCounts(1, 1, 1, 0.9)}
    scores = panoptic_scores(counts, ["sky", "moon", "car", "bus"], [False, False, True, None])
    assert scores["classes"]["sky"]["PQ"] == pytest.approx(0.8)
    assert scores["classes"]["car"] == {
        **{"PQ": pytest.approx(0.45), "SQ": pytest.approx(0.9), "RQ": pytest.approx(0.5)},
        **{"thing": True, "matched": 1, "wrong": 1, "missed": 1},
    }
    assert scores["classes"]["moon"]["PQ"] is scores["classes"]["moon"]["SQ"] is None
    assert scores["PQ"] == pytest.approx((0.8 + 0.45) / 2)
    assert scores["things"]["RQ"] == pytest.approx(0.5)
    assert scores["stuff"]["SQ"] == pytest.approx(0.8)
    nothing = panoptic_scores({}, ["sky"], [False])
    assert (nothing["PQ"], nothing["things"], nothing["stuff"]["RQ"]) == (None, dict.fromkeys(("PQ", "SQ", "RQ")), None)


def test_a_class_of_which_all_is_wrong_has_a_quality_of_zero():
    assert MatchCounts(0, 2, 1, 0.0).scores() == {"PQ": 0.0, "SQ": 0.0, "RQ": 0.0}


def test_counts_of_images_add_up_by_class():
    images = [{1: MatchCounts(1, 0, 0, 0.75), 2: MatchCounts(0, 1, 0)}, {}, {1: MatchCounts(1, 2, 3, 0.625)}]
    assert summed_counts(images) == {1: MatchCounts(2, 2, 3, 1.375), 2: MatchCounts(0, 1, 0)}
