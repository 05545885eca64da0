import warnings

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba

from maskwright.reports.plots.confusion_matrix import RIGHT, WRONG, confusion_matrix
from maskwright.reports.plots.svg import STYLE
from tests.reports.drawn import axes


def numbers(counts, names=("background", "dog", "cat")):
    drawn = axes(confusion_matrix, list(names), np.array(counts))
    return {tuple(map(int, text.get_position())): text.get_text() for text in drawn.texts}


def test_each_row_is_in_percent_of_its_true_class():
    found = numbers([[75, 20, 5], [0, 1, 3], [2, 2, 4]])
    assert [found[column, 0] for column in range(3)] == ["75", "20", "5"]
    assert [found[column, 1] for column in range(3)] == ["", "25", "75"]
    assert [found[column, 2] for column in range(3)] == ["25", "25", "50"]


def test_a_class_that_is_not_in_the_truth_is_absent_and_not_0():
    found = numbers([[9, 1, 0], [0, 0, 0], [0, 3, 3]])
    assert [found[column, 1] for column in range(3)] == ["–"] * 3
    assert found[1, 0] == "10"


def test_right_and_wrong_have_colours_that_grow_with_the_share():
    drawn = axes(confusion_matrix, ["background", "dog"], np.array([[90, 10], [60, 40]]))
    faces = [tuple(face) for face in np.atleast_2d(drawn.collections[0].get_facecolor())]
    assert [face[:3] for face in faces] == [to_rgba(color)[:3] for color in (RIGHT, WRONG, WRONG, RIGHT)]
    assert faces[1][3] < faces[3][3] < faces[2][3] < faces[0][3] < 1


@pytest.mark.parametrize(
    "names",
    [["a"], ["a very long class name that never ends", "b"], [f"class number {i}" for i in range(20)], ["W" * 40] * 3],
)
def test_nothing_is_cut_off_and_cells_are_as_large_for_any_number_of_classes(names):
    with mpl.rc_context(STYLE):
        found = confusion_matrix(names, np.full((len(names), len(names)), 100))
    canvas = FigureCanvasAgg(found)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        canvas.draw()
    width, height = canvas.get_width_height()
    drawn = found.axes[0]
    for text in (*drawn.texts, *found.texts, *drawn.get_xticklabels(), *drawn.get_yticklabels()):
        box = text.get_window_extent()
        assert box.x0 >= -0.5
        assert box.y0 >= -0.5
        assert box.x1 <= width + 0.5
        assert box.y1 <= height + 0.5
    assert drawn.get_window_extent().width / found.dpi * 72 / len(names) == pytest.approx(31)


def test_rows_are_true_and_columns_are_predicted():
    with mpl.rc_context(STYLE):
        found = confusion_matrix(["a", "b"], np.eye(2, dtype=np.int64))
    places = {text.get_text(): text.get_position() for text in found.texts}
    cells = found.axes[0].get_position()
    assert places["true"][0] < cells.x0
    assert places["predicted"][1] < cells.y0
