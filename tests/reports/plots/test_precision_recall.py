import numpy as np
import pytest

from maskwright.reports.plots.precision_recall import precision_recall_curves
from tests.reports.drawn import axes

CURVE = {"score": [0.9, 0.5, 0.3], "precision": [1.0, 0.8, 0.75], "recall": [0.2, 0.4, 0.6]}


def lines(curves, score=0.5):
    """The lines with a name, and the dots, as lists of points."""
    found = [
        (str(line.get_label()), np.column_stack(line.get_data()).tolist())
        for line in axes(*drawing(curves, score)).lines
    ]
    named = {label: points for label, points in found if not label.startswith("_")}
    return named, [points[0] for label, points in found if label.startswith("_")]


def drawing(curves, score):
    return precision_recall_curves, curves, score


def test_a_line_goes_from_no_object_found_through_every_point():
    named, _ = lines({"dog": CURVE})
    assert named == {"dog": [[0.0, 1.0], [0.2, 1.0], [0.4, 0.8], [0.6, 0.75]]}


@pytest.mark.parametrize(("score", "dot"), [(0.5, [0.4, 0.8]), (0.4, [0.4, 0.8]), (0.0, [0.6, 0.75])])
def test_the_dot_is_what_the_threshold_reaches(score, dot):
    assert lines({"dog": CURVE}, score)[1] == [dot]


def test_a_class_without_a_detection_at_the_threshold_has_no_dot():
    assert lines({"dog": CURVE}, 0.95)[1] == []


def test_thousands_of_points_are_thinned_and_stay_where_they_were():
    rng = np.random.default_rng(0)
    right = rng.random(20_000) < 0.7
    precision, recall = np.cumsum(right) / np.arange(1, 20_001), np.cumsum(right) / 20_000
    curve = {"score": np.linspace(1, 0, 20_000), "precision": precision, "recall": recall}
    points = np.array(lines({"dog": curve})[0]["dog"])
    assert len(points) < 600
    assert points[-1].tolist() == [recall[-1], precision[-1]]
    # After the first hundreds, where one detection more moves precision by less than the eye sees.
    drawn = np.interp(recall[500:], points[:, 0], points[:, 1])
    assert np.abs(drawn - precision[500:]).max() < 0.01
