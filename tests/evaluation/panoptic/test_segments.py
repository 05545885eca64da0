import numpy as np
import pytest

from maskwright.evaluation.panoptic.classes import PanopticClasses
from maskwright.evaluation.panoptic.findings import PanopticFindings
from maskwright.evaluation.panoptic.segments import UNLISTED, predicted_segments, true_segments
from maskwright.structures import PanopticMap, PanopticSegment

IDS = np.array([[1, 1, 2, 3], [1, 0, 2, 3]])
CLASSES = PanopticClasses(("sky", "car"), (False, True), {7: 1, 8: 2, 9: 0}, {7: 1, 8: 2, 9: 0})


def found_of(*segments: PanopticSegment) -> PanopticMap:
    return PanopticMap(IDS, segments)


def test_true_pixels_without_a_segment_are_neither_class_nor_void():
    findings = PanopticFindings()
    segments = true_segments(found_of(PanopticSegment(1, 7), PanopticSegment(3, 9)), CLASSES, "t", findings)
    assert [(each.label, each.area) for each in segments] == [(UNLISTED, 2), (1, 3)]
    assert findings.examples == {"true_id_not_in_json": ["t: segment 2"]}


def test_a_true_segment_without_pixels_has_an_empty_mask():
    findings = PanopticFindings()
    every = (PanopticSegment(1, 7), PanopticSegment(2, 8), PanopticSegment(3, 8), PanopticSegment(4, 8, area=5))
    last = true_segments(found_of(*every), CLASSES, "t", findings)[-1]
    assert (last.label, last.area, last.rle["size"]) == (2, 5, [2, 4])
    assert findings.counts == {"true_id_not_in_png": 1, "stated_area": 1}


def test_predicted_segments_of_classes_that_are_not_scored_are_left_out():
    findings = PanopticFindings()
    every = (PanopticSegment(1, 7), PanopticSegment(2, 9), PanopticSegment(3, 8, crowd=True))
    segments = predicted_segments(found_of(*every), CLASSES, "p", findings)
    assert [(each.label, each.area, each.crowd) for each in segments] == [(1, 3, False), (2, 2, False)]
    assert findings.counts == {"class_not_scored": 1, "predicted_crowd": 1}
    assert not findings.refused


def test_predicted_segments_and_pixels_must_agree():
    findings = PanopticFindings()
    every = (PanopticSegment(1, 7), PanopticSegment(1, 8), PanopticSegment(2, 5), PanopticSegment(0, 7))
    predicted_segments(found_of(*every, PanopticSegment(6, 7)), CLASSES, "p", findings)
    assert findings.counts == {
        **{"repeated_segment": 1, "void_segment": 1, "id_not_in_json": 1, "id_not_in_png": 1, "unknown_class": 1}
    }


def test_stuff_of_groups_is_joined_and_things_are_not():
    grouped = PanopticClasses(("sky", "car"), (False, True), {7: 1, 8: 2}, {7: 1, 8: 2}, grouped=True)
    every = (PanopticSegment(1, 7), PanopticSegment(2, 8), PanopticSegment(3, 7, area=4))
    segments = true_segments(found_of(*every), grouped, "t", PanopticFindings())
    assert [(each.label, each.area) for each in segments] == [(1, 7), (2, 2)]
    things = (PanopticSegment(1, 8), PanopticSegment(2, 8), PanopticSegment(3, 7))
    assert len(true_segments(found_of(*things), grouped, "t", PanopticFindings())) == 3


def test_a_map_beyond_a_limit_is_named_and_has_no_segments(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MASKWRIGHT_LIMIT_PANOPTIC_SEGMENTS", "2")
    for segments_of in (true_segments, predicted_segments):
        findings = PanopticFindings()
        assert segments_of(found_of(PanopticSegment(1, 7)), CLASSES, "a.png", findings) == []
        assert findings.refused
        assert findings.examples["beyond_limit"][0].startswith("a.png: it has 4 segments; at most 2")
