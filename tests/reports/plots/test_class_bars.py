import re
import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import pytest

from maskwright.reports.plots.class_bars import WIDTH, class_bars
from maskwright.reports.plots.svg import STYLE, svg_text


def drawn(amounts, unit="instances"):
    with mpl.rc_context(STYLE):
        return svg_text(class_bars(amounts, unit, "#3b82c4", "{:,.0f}".format, "{:,.0f}".format), "bars")


def texts(svg):
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def bar_widths(svg):
    """Widths of the bars, from the top down."""
    found = []
    for path in re.findall(r'<path d="([^"]*)"[^>]*fill: #3b82c4', svg):
        x = [float(number) for number in re.findall(r"[ML] (-?[\d.]+)", path)]
        found.append(max(x) - min(x))
    return found


def test_linear_bars_are_as_long_as_their_amounts():
    widths = bar_widths(drawn({"dog": 100, "cat": 50, "cow": 1}))
    assert widths[1] / widths[0] == pytest.approx(0.5, abs=0.01)
    assert widths[2] / widths[0] == pytest.approx(0.01, abs=0.01)


def test_only_a_wide_span_makes_the_axis_logarithmic_and_it_says_so():
    assert "instances" in texts(drawn({"dog": 100, "cat": 1}))
    assert "instances (logarithmic)" in texts(drawn({"dog": 101, "cat": 1}))


def test_a_class_with_nothing_has_its_zero_and_no_bar():
    svg = drawn({"dog": 5000, "cat": 3, "cow": 0})
    assert {"5,000", "3", "0"} <= set(texts(svg))
    widths = bar_widths(svg)
    assert widths[0] > widths[1] > 0
    assert widths[2:] in ([], [0.0])


def test_whole_amounts_have_whole_ticks():
    found = texts(drawn({"dog": 2, "cat": 1}))
    assert found.count("1") == 2  # the tick and the cat
    assert found.count("2") == 2


@pytest.mark.parametrize(
    "name", ["a very long class name that never ends", "とても長い名前の自転車と自動車と犬", "W" * 30]
)
def test_bars_keep_their_room_beside_long_names(name):
    widths = bar_widths(drawn({name: 90, "cat": 45}))
    assert widths[0] > WIDTH / 8


def test_the_figure_grows_with_its_classes():
    svg = drawn({f"class {i}": 7 for i in range(100)})
    assert float(ElementTree.fromstring(svg).get("viewBox", "").split()[3]) > 100 * 16
