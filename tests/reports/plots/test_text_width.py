import pytest

from maskwright.reports.plots.svg import axis_name
from maskwright.reports.plots.text_width import fit_name, text_width


def test_wide_letters_are_wider():
    assert text_width("iii") < text_width("nnn") < text_width("WWW")


@pytest.mark.parametrize("name", ["dog", "fire hydrant", "a very long class name that never ends", "W" * 30, ""])
@pytest.mark.parametrize("width", [60, 140])
def test_a_name_fits_and_loses_no_more_than_it_must(name, width):
    cut = fit_name(name, width)
    assert text_width(cut) <= width
    if cut != axis_name(name):
        longer = axis_name(name)[: len(cut)] + "…"
        assert text_width(longer) > width
        assert cut.endswith("…")
