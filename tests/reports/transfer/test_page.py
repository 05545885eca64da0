import re
from pathlib import Path

import numpy as np

from maskwright.reports.pictures.embedded import embedded
from maskwright.reports.transfer.page import render_transfer_page
from maskwright.reports.transfer.text import interval_note, transfer_lines
from tests.browser import assert_readable, in_browser
from tests.reports.html_page import assert_runs_only_its_own_script
from tests.reports.transferred import numbers


def page(**options: object) -> str:
    picture = embedded("fog: 000001.jpg", np.zeros((8, 16, 3), np.uint8))
    return render_transfer_page(numbers(**options), {"fog": {"target": [picture]}}, "name: <invented>")  # type: ignore[arg-type]


def test_the_page_has_every_section_once_and_nothing_unescaped():
    text = page()
    for part in ("compared", "models-1", "classes-1", "errors-1", "differences-1", "panels-1", "provenance"):
        assert text.count(f'id="{part}"') == 1
    assert "&lt;other&gt;" in text
    assert "<other>" not in text
    assert "<invented>" not in text
    assert "default-src 'none'" in text
    assert_runs_only_its_own_script(text)
    assert not re.search(r"url\((?!#)", text)


def test_figures_show_classes_sizes_and_errors():
    labels = re.findall(r'aria-label="(Shift [^"]*)"', page())
    assert labels == ["Shift per class to fog", "Shift by size to fog", "Shift by type of error to fog"]


def test_the_page_says_the_rule_what_is_left_out_and_what_the_brackets_mean():
    text = page()
    assert "2 shared classes: disc, ring" in text
    assert "known lacks it" in text
    assert "95% bootstrap intervals" in text
    assert "CC BY-SA 3.0" in text
    assert "Cityscapes" not in text
    assert "Cityscapes instance evaluation" in page(on_cityscapes=True)


def test_panels_are_in_the_page_and_their_absence_is_said():
    text = page()
    assert text.count("data:image/webp;base64,") == 1
    assert text.count("asks for no panels") == 1


def test_the_terminal_has_the_same_tables():
    lines = "\n".join(transfer_lines(numbers()))
    for part in ("2 shared classes", "not compared: kite", "boundary IoU", "Miss", "known minus one"):
        assert part in lines
    assert interval_note({"bootstrap": {"samples": 0}}) == "No intervals were computed."


@in_browser
def test_the_page_is_readable_on_telephones_and_screens(tmp_path: Path):
    assert_readable(page(on_cityscapes=True), tmp_path)
