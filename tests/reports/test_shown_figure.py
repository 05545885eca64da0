from typing import NamedTuple

import pytest

from maskwright.reports.shown_figure import ShownFigure


class Drawn(NamedTuple):
    svg: str
    caption: str


def test_the_width_is_that_of_the_element():
    shown = ShownFigure.of(Drawn('<svg role="img" width="419.6pt" height="3pt"><rect width="7pt"/></svg>', "bars"))
    assert (shown.width, shown.caption) == (420, "bars")
    assert shown.svg.startswith("<svg role")


@pytest.mark.parametrize("svg", ["", "<svg></svg>", '<svg width="3px"></svg>', '<p/><svg width="3pt"></svg>'])
def test_an_element_without_a_width_in_points_is_refused(svg):
    with pytest.raises(ValueError, match="width in points"):
        ShownFigure.of(Drawn(svg, "bars"))
