import re

import pytest
from jinja2 import UndefinedError

from maskwright.reports.rendering import page_script, render
from maskwright.reports.sweep.page import render_sweep_page
from tests.reports.html_page import assert_runs_only_its_own_script
from tests.reports.swept import a_sweep


def test_a_value_that_is_missing_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(UndefinedError):
        render("sweep.html.jinja")


def test_a_page_has_links_to_its_sections_in_their_order() -> None:
    html = render_sweep_page(a_sweep())
    (contents,) = re.findall(r'<nav class="contents".*?</nav>', html, re.DOTALL)
    sections = re.findall(r'<section id="([^"]+)"', html)
    assert len(sections) > 2
    assert re.findall(r'href="#([^"]+)"', contents) == sections
    assert html.index("<nav") < html.index("<main>")


def test_the_script_is_in_the_page_as_its_policy_names_it() -> None:
    html = render_sweep_page(a_sweep())
    assert f"<script>{page_script().text}</script>" in html
    assert_runs_only_its_own_script(html)
