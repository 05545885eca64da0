import warnings
import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from maskwright.reports.plots.pair_matrix import pair_matrix
from maskwright.reports.plots.svg import STYLE, svg_text


def figure(names, amounts):
    with mpl.rc_context(STYLE):
        return pair_matrix(names, amounts, "#3fa072")


def faces(found):
    return found.axes[0].collections[0].get_facecolors()


def test_each_pair_has_its_number_once_and_an_absent_one_none():
    found = figure(["dog", "cat", "cow"], {(0, 0): 1200, (0, 1): 7, (1, 1): 30})
    numbers = {text.get_position(): text.get_text() for text in found.axes[0].texts}
    assert numbers == {(0, 0): "1.2k", (0, 1): "7", (1, 1): "30"}


def test_names_stand_beside_rows_and_under_columns():
    found = figure(["dog", "cat"], {(0, 1): 7})
    for labels in (found.axes[0].get_xticklabels(), found.axes[0].get_yticklabels()):
        assert [label.get_text() for label in labels] == ["dog", "cat"]


def test_colour_is_stronger_the_more_there_is_and_never_absent():
    found = figure(list("abc"), {(0, 0): 1, (0, 1): 100, (1, 2): 10_000})
    few, some, most = (face[3] for face in faces(found))
    assert 0 < few < some < most < 1
    assert some - few == pytest.approx(most - some)


def test_equal_amounts_have_equal_colours():
    assert len({tuple(face) for face in faces(figure(list("abc"), {(0, 0): 1, (1, 1): 1}))}) == 1


@pytest.mark.parametrize("names", [
    ["a"], ["a very long class name that never ends", "b"], [f"class number {i}" for i in range(20)],
    ["とても長い名前の自転車と自動車と犬", "b"], ["W" * 40, "b", "c"],
])  # fmt: skip
def test_nothing_is_cut_off_and_cells_are_as_large_for_any_number_of_classes(names):
    found = figure(names, {(i, i): 999_000 for i in range(len(names))})
    canvas = FigureCanvasAgg(found)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        canvas.draw()
    width, height = canvas.get_width_height()
    axes = found.axes[0]
    for text in (*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels()):
        box = text.get_window_extent()
        assert box.x0 >= -0.5
        assert box.y0 >= -0.5
        assert box.x1 <= width + 0.5
        assert box.y1 <= height + 0.5
    cell = axes.get_window_extent().width / found.dpi * 72 / len(names)
    assert cell == pytest.approx(29)


def test_it_is_one_svg_of_legal_xml():
    with mpl.rc_context(STYLE):
        svg = svg_text(pair_matrix(["<b>", "a\x00"], {(0, 1): 3}, "#3fa072"), "pairs")
    assert ElementTree.fromstring(svg).tag.endswith("svg")
