import re

from maskwright.images.lettering import contrast
from maskwright.reports.plots.colors import COLORS, DARK_INK, INK, PAPER, on_paper


def rgb(color: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


def test_colours_differ_and_are_written_as_css_reads_them():
    assert len(set(COLORS)) == len(COLORS)
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in (*COLORS, INK, DARK_INK, PAPER))


def test_letters_on_paper_have_more_contrast_than_the_guidelines_ask():
    assert contrast(rgb(DARK_INK), rgb(PAPER)) > 7


def test_only_ink_and_paper_change():
    drawn = f'<svg width="3pt"><text style="fill: {INK}">a</text><path style="fill: {COLORS[0]}"/></svg>'
    paper = on_paper(drawn)
    assert paper.startswith(f'<svg width="3pt"><rect width="100%" height="100%" fill="{PAPER}"/>')
    assert INK not in paper
    assert paper.count(DARK_INK) == 1
    assert COLORS[0] in paper
