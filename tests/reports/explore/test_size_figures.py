import re
import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import numpy as np
import pytest

from maskwright.annotations.statistics.object_sizes import count_sizes, side_histogram
from maskwright.reports.explore.size_figures import SIZE_COLORS, object_sizes, sizes_per_class
from maskwright.reports.plots.svg import STYLE, svg_text
from tests.reports.drawn import axes, heights, overlapping

AREAS = [100.0] * 30 + [2500.0] * 60 + [40_000.0] * 10


def svg(draw, *arguments):
    with mpl.rc_context(STYLE):
        return svg_text(draw(*arguments), "a distribution")


def texts(drawn):
    return [element.text or "" for element in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]


def sizes(areas):
    return (*side_histogram(areas), count_sizes(areas))


def test_sizes_are_coloured_and_summed_up_as_coco_does():
    drawn = svg(object_sizes, *sizes(AREAS))
    assert {"small", "medium", "large", "30 %", "60 %", "10 %", "√area in pixels (logarithmic)"} <= set(texts(drawn))
    assert all(color in drawn for color in SIZE_COLORS.values())


def test_every_object_is_in_a_bar():
    assert sum(heights(axes(object_sizes, *sizes([*AREAS, 0.0, 0.5, 1.0])))) == 103


@pytest.mark.parametrize("areas", [[0.0], [1e-9, 5.0], [1024.0], [2.0**32, 1.0]])
def test_sizes_of_any_kind_can_be_drawn_and_their_ticks_do_not_meet(areas):
    found = axes(object_sizes, *sizes(areas))
    assert not overlapping(found)
    quantiles = {"dog": [np.sqrt(area) for area in (areas * 5)[:5]]}
    assert not overlapping(axes(sizes_per_class, quantiles))


def test_sizes_per_class_mark_the_median_at_its_place():
    found = axes(sizes_per_class, {"dog": [10, 20, 30, 40, 50], "cat": [1, 2, 3, 4, 5]})
    dots = next(line for line in found.lines if line.get_marker() == "o")
    assert list(dots.get_xdata()) == [30, 3]
    assert [text.get_text() for text in found.get_yticklabels()] == ["dog", "cat"]
    assert found.yaxis_inverted()


def test_figures_are_deterministic():
    assert svg(object_sizes, *sizes(AREAS)) == svg(object_sizes, *sizes(AREAS))
    assert not re.search(r"nan|inf\b", svg(object_sizes, *sizes(AREAS)))
