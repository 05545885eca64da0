import numpy as np

from maskwright.evaluation.panoptic.matching import count_matches
from maskwright.evaluation.panoptic.quality import MatchCounts
from maskwright.evaluation.panoptic.segments import ScoredSegment
from maskwright.masks.segment_runs import segment_masks


def segments(ids: np.ndarray, classes: dict[int, int], crowds: tuple[int, ...] = ()) -> list[ScoredSegment]:
    masks = segment_masks(ids)
    return [ScoredSegment(classes[i], masks[i].rle, masks[i].area, i in crowds) for i in sorted(masks) if i]


def test_an_iou_of_exactly_one_half_is_no_match():
    truth, found = np.array([[1, 1, 1, 2]]), np.array([[7, 7, 8, 7]])
    counts = count_matches((1, 4), segments(truth, {1: 1, 2: 2}), segments(found, {7: 1, 8: 2}))
    assert counts == {1: MatchCounts(0, 1, 1, 0.0), 2: MatchCounts(0, 1, 1, 0.0)}


def test_void_is_no_part_of_the_union():
    truth, found = np.array([[1, 1, 0, 0]]), np.array([[7, 7, 7, 7]])
    assert count_matches((1, 4), segments(truth, {1: 1}), segments(found, {7: 1})) == {1: MatchCounts(1, 0, 0, 1.0)}


def test_a_crowd_is_never_missed_and_excuses_predictions_of_its_class():
    truth, found = np.array([[1, 1, 1, 0]]), np.array([[7, 7, 7, 7]])
    crowd = segments(truth, {1: 1}, crowds=(1,))
    assert count_matches((1, 4), crowd, segments(found, {7: 1})) == {1: MatchCounts()}
    assert count_matches((1, 4), crowd, segments(found, {7: 2}))[2] == MatchCounts(wrong=1)


def test_an_image_without_segments_has_no_counts():
    assert count_matches((2, 2), [], []) == {}
