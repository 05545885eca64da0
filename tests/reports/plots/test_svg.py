import time
import xml.etree.ElementTree as ElementTree

import matplotlib as mpl

from maskwright.reports.plots.svg import LONGEST_NAME, STYLE, WIDTH, axis_name, plot, svg_text


def drawn(description: str, label: str = "x") -> str:
    with mpl.rc_context(STYLE):
        figure, axes = plot(200)
        axes.plot([0, 1.23456789], [0, 1], label=label)
        axes.set_xlabel(label)
        return svg_text(figure, description)


def test_it_is_one_labelled_element_that_xml_and_html_can_hold():
    root = ElementTree.fromstring(drawn("Loss <b> & more"))
    assert root.tag.endswith("}svg")
    assert root.get("aria-label") == "Loss <b> & more"
    assert root.get("viewBox") == f"0 0 {WIDTH} 200"


def test_names_stay_text_and_are_escaped():
    svg = drawn("d", label="<script>&$x_1$")
    assert "&lt;script&gt;&amp;$x_1$" in svg
    assert "<script>" not in svg


def test_same_figure_same_text_and_other_figure_other_ids():
    assert drawn("one") == drawn("one")
    ids = [{part.split('"')[0] for part in drawn(name).split(' id="')[1:]} for name in ("one", "two")]
    assert ids[0]
    assert ids[0].isdisjoint(ids[1])


def test_nothing_that_dates_or_styles_or_loads():
    svg = drawn("d")
    assert not any(word in svg for word in ("<metadata", "<style", "<!DOCTYPE", "<?xml", "<image", "@import", "date"))


def test_pyplot_and_the_global_style_are_left_alone():
    before = dict(mpl.rcParams)
    drawn("d")
    assert dict(mpl.rcParams) == before


def test_shown_names_are_short_and_legal_in_xml():
    assert axis_name("dog") == "dog"
    assert len(axis_name("x" * 80)) == LONGEST_NAME
    assert axis_name("a\x00b\udc80") == "a\\x00b\\udc80"


def test_a_name_of_a_hundred_thousand_letters_is_cut_at_once():
    started = time.process_time()
    assert axis_name("n" * 100_000) == "n" * (LONGEST_NAME - 1) + "…"
    assert axis_name("猫" * 100_000) == "猫" * ((LONGEST_NAME - 1) // 2) + "…"
    assert axis_name("猫" * (LONGEST_NAME // 2)) == "猫" * (LONGEST_NAME // 2)
    assert time.process_time() - started < 1
