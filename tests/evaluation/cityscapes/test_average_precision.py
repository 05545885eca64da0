import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.annotations.cityscapes_labels import INSTANCE_LABELS
from maskwright.evaluation.cityscapes.average_precision import average_precision, instance_scores
from maskwright.evaluation.cityscapes.images import measure_mask_files
from maskwright.evaluation.cityscapes.layout import INSTANCE_IDS, prediction_files, read_predictions, truth_files
from maskwright.evaluation.cityscapes.matching import OVERLAPS, CityscapesMatches
from tests.evaluation.invented_city import official_scores, write_city

CLASSES, THRESHOLDS = len(INSTANCE_LABELS), len(OVERLAPS)


@settings(max_examples=25)
@given(st.integers(0, 2**32))
def test_scores_equal_the_official_script_on_invented_streets(tmp_path_factory: pytest.TempPathFactory, seed: int):
    folder = tmp_path_factory.mktemp("city")
    write_city(folder, np.random.default_rng(seed))
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = official_scores(folder, patch)
    truth = truth_files(folder, None, INSTANCE_IDS)
    texts = prediction_files(folder / "results", ".txt")
    ours = instance_scores(
        measure_mask_files(path, read_predictions(texts[frame][0], folder / "results")).match()[0]
        for frame, path in truth.items()
    )
    if theirs is None:
        assert 0.0 in [row["AP"] for row in ours["classes"].values()]
        return
    assert same(ours["AP"], theirs["allAp"])
    assert same(ours["AP50"], theirs["allAp50%"])
    for name, row in ours["classes"].items():
        assert same(row["AP"], theirs["classes"][name]["ap"]), name
        assert same(row["AP50"], theirs["classes"][name]["ap50%"]), name


def same(ours: float | None, theirs: float) -> bool:
    return math.isnan(theirs) if ours is None else math.isclose(ours, theirs, rel_tol=0, abs_tol=1e-12)


def verdicts(confidence: list[float], right: list[bool], objects: int, missed: int) -> CityscapesMatches:
    """Predictions of the first class, the same at every threshold."""
    row = np.array(right, np.bool_)
    first = np.eye(1, CLASSES, dtype=np.int64)[0]
    return CityscapesMatches(
        np.zeros(len(right), np.int64),
        np.array(confidence),
        np.tile(row, (THRESHOLDS, 1)),
        np.tile(~row, (THRESHOLDS, 1)),
        first * objects,
        np.tile(first * missed, (THRESHOLDS, 1)),
    )


def test_perfect_predictions_have_an_ap_of_one_and_other_classes_none():
    scores = instance_scores([verdicts([0.9, 0.8], [True, True], 2, 0)])
    assert scores["AP"] == scores["AP50"] == pytest.approx(1.0)
    assert scores["classes"]["person"] == {"AP": 1.0, "AP50": 1.0, "objects": 2, "predictions": 2}
    assert scores["classes"]["rider"] == {"AP": None, "AP50": None, "objects": 0, "predictions": 0}


def test_objects_without_a_prediction_have_zero():
    assert instance_scores([verdicts([], [], 3, 3)])["AP"] == 0.0


def test_predictions_of_one_confidence_are_one_point_whatever_their_order():
    one = average_precision([verdicts([0.5, 0.5, 0.5], [True, False, True], 2, 0)])[0]
    other = average_precision([verdicts([0.5, 0.5, 0.5], [False, True, True], 2, 0)])[0]
    np.testing.assert_array_equal(one, other)
    # Precision 1 down to recall 0 and 2/3 at recall 1, half of the step each.
    assert one[0, 0] == pytest.approx((1 + 2 / 3) / 2)


def test_no_image_has_no_score():
    assert instance_scores([])["AP"] is None
