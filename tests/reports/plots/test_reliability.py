import matplotlib as mpl
import numpy as np
import pytest

from maskwright.evaluation.semantic.calibration import calibration_scores, reliability
from maskwright.reports.plots.reliability import reliability_plot
from maskwright.reports.plots.svg import STYLE


def drawn(confidence, right):
    scores = calibration_scores(reliability(np.array(confidence), np.array(right), bins=10))
    with mpl.rc_context(STYLE):
        return scores, reliability_plot(scores["bins"], scores["ECE"])


@pytest.fixture
def figure():
    return drawn([0.92, 0.94, 0.96, 0.98, 0.55, 0.35], [True, True, True, False, True, False])[1]


def test_a_bar_reaches_the_share_that_is_right_and_an_empty_bin_has_none(figure):
    top, bottom = figure.axes
    bars = {round(bar.get_x() + bar.get_width() / 2, 2): bar.get_height() for bar in top.patches}
    assert bars == pytest.approx({0.95: 0.75, 0.55: 1.0, 0.35: 0.0})
    shares = [bar.get_height() for bar in bottom.patches]
    assert shares == pytest.approx([1 / 6, 1 / 6, 4 / 6])


def test_the_line_from_bar_to_dot_is_the_error_of_the_bin(figure):
    segments = figure.axes[0].collections[0].get_segments()
    found = {round(segment[0][0], 2): sorted(segment[:, 1]) for segment in segments}
    assert found[0.95] == pytest.approx([0.75, 0.95])
    assert found[0.55] == pytest.approx([0.55, 1.0])


def test_the_error_stands_on_the_figure():
    scores, figure = drawn([0.8, 0.8], [True, False])
    assert scores["ECE"] == pytest.approx(0.3)
    assert figure.legends[0].get_title().get_text() == "calibration error (ECE) 0.300"
