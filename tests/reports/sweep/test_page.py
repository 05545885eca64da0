import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from maskwright.recipes.variants import variants
from maskwright.reports.sweep.page import MOST_CURVES, render_sweep_page
from tests.browser import assert_readable, in_browser
from tests.reports.html_page import assert_runs_only_its_own_script
from tests.reports.swept import a_sweep, semantic_outcome


class Page(HTMLParser):
    """Collects links, sources and cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        if tag == "a":
            self.links.append(found["href"])
        self.loaded += [found["src"]] if "src" in found else []
        assert tag not in ("link", "iframe", "object")


def test_the_page_loads_nothing_and_links_the_finished_runs():
    text = render_sweep_page(a_sweep())
    page = Page(text)
    links = [link for link in page.links if not link.startswith("#")]
    assert links == ["loss%3Dce/report.html", "loss%3Ddice_ce/report.html"]
    assert not page.loaded
    assert_runs_only_its_own_script(text)
    assert not re.search(r"url\((?!#)", text)


def test_the_page_says_the_best_the_failure_and_the_protocol():
    text = render_sweep_page(a_sweep())
    assert "<strong>0.500</strong>" in text
    assert "loss=dice_ce (best)" in text
    assert "Lower &lt;lr&gt;" in text
    assert "<lr>" not in text
    assert "one confusion matrix" in text
    assert "2 of 4" in text


def test_a_sweep_that_has_just_begun_has_a_page_too():
    text = render_sweep_page(a_sweep(*a_sweep().outcomes[1::2]))
    assert "no variant is finished" in text
    assert "<svg" not in text
    assert "<strong>" not in text


def test_curves_are_those_of_the_best_and_bridge_what_another_lacks():
    names = [f"0.{i}" for i in range(1, MOST_CURVES + 3)]
    outcomes = [
        replace(semantic_outcome("ce", float(v.settings["train.ema"])), variant=v, curve={i + 1: 0.5})
        for i, v in enumerate(variants([f"train.ema={','.join(names)}"]))
    ]
    text = render_sweep_page(a_sweep(*outcomes))
    (label,) = re.findall(r'aria-label="Validation scores per epoch: ([^"]*)"', text)
    best = sorted(names, key=float, reverse=True)[:MOST_CURVES]
    assert label.split(", ") == best
    assert f"the {MOST_CURVES} best variants" in text


def test_the_same_sweep_gives_the_same_page():
    assert render_sweep_page(a_sweep()) == render_sweep_page(a_sweep())


@in_browser
def test_the_page_is_readable_on_telephones_and_screens(tmp_path: Path):
    assert_readable(render_sweep_page(a_sweep()), tmp_path)
