import numpy as np
import pytest

from maskwright.errors import DataError
from maskwright.evaluation.semantic.label_names import LabelRemapper, label_names
from maskwright.evaluation.semantic.summary import LabelMapPair, count_label_maps, summarise_semantic

LABELS = LabelRemapper(label_names("names", ["background", "road"]))


def pair(truth: list[list[int]], prediction: list[list[int]]) -> LabelMapPair:
    return LabelMapPair(np.array(truth, np.uint8), np.array(prediction, np.uint8), "the truth", "the prediction")


def test_counts_are_those_of_truth_by_row_and_prediction_by_column() -> None:
    counts, _ = count_label_maps(pair([[0, 1, 1, 255]], [[0, 1, 0, 0]]), LABELS, boundary=False)
    assert counts[:2].tolist() == [[1, 0, 0], [1, 1, 0]]


def test_maps_of_different_sizes_are_refused_with_both_names() -> None:
    with pytest.raises(DataError, match=r"the prediction: is 1×2.*the truth 2×1"):
        count_label_maps(pair([[0, 1]], [[0], [1]]), LABELS, boundary=False)


def test_scores_are_of_the_sum_of_all_images() -> None:
    pairs = [pair([[0, 1]], [[0, 1]]), pair([[1, 1]], [[0, 1]])]
    counted = [count_label_maps(each, LABELS, boundary=True) for each in pairs]
    scores = summarise_semantic(counted, LABELS, True, ["stray"], "predictions").to_json()
    assert (scores["images"], scores["pixel_accuracy"], scores["classes"]["road"]["IoU"]) == (2, 3 / 4, 2 / 3)
    assert "boundary_mIoU" in scores
    assert any("stray" in remark for remark in scores["remarks"])
