import numpy as np
from PIL import Image, ImageDraw

from maskwright.reports.pictures.lettering import INK, PAPER, Swatch, draw_entry, draw_text, entry_length, text_length

SWATCH = Swatch(side=11, gap=5, drop=4)
RED = (200, 30, 30)


def drawn(draw):
    """The pixels ``(H, W, 3)`` that ``draw`` leaves on white paper, and what it returns."""
    paper = Image.new("RGB", (300, 40), PAPER)
    length = draw(ImageDraw.Draw(paper))
    return np.asarray(paper), length


def columns(picture):
    """The first and the last column that is not paper."""
    found = np.nonzero((picture != PAPER).any(axis=(0, 2)))[0]
    return found[0], found[-1]


def test_a_text_is_as_long_as_measured():
    picture, _ = drawn(lambda pen: draw_text(pen, "bicycle", 20, 5, INK))
    first, last = columns(picture)
    assert abs(last - first + 1 - text_length("bicycle")) <= 2
    assert 20 <= first <= 22


def test_an_entry_has_its_swatch_below_the_top_and_its_text_behind():
    picture, length = drawn(lambda pen: draw_entry(pen, "bicycle", RED, 20, 5, SWATCH))
    rows, across = np.nonzero((picture == RED).all(axis=2))
    assert (rows.min(), across.min()) == (5 + SWATCH.drop, 20)
    assert (np.ptp(rows), np.ptp(across)) == (SWATCH.side, SWATCH.side)
    behind = np.nonzero((picture == INK).all(axis=2))[1]
    assert behind.min() >= 20 + SWATCH.side + SWATCH.gap
    assert length == entry_length("bicycle", SWATCH) == SWATCH.side + SWATCH.gap + text_length("bicycle")


def test_two_entries_in_a_row_do_not_touch():
    def draw(pen):
        left = 5 + draw_entry(pen, "cat", RED, 5, 5, SWATCH)
        return draw_entry(pen, "dog", (30, 30, 200), left, 5, SWATCH)

    picture, length = drawn(draw)
    assert columns(picture)[1] <= 5 + entry_length("cat", SWATCH) + length
    assert (picture == (30, 30, 200)).all(axis=2).any()


def test_a_line_break_in_a_name_stays_on_its_line():
    one, _ = drawn(lambda pen: draw_text(pen, "cats.json", 5, 2, INK))
    two, _ = drawn(lambda pen: draw_text(pen, "cats\n.json", 5, 2, INK))
    below = [np.nonzero((picture != PAPER).any(axis=(1, 2)))[0].max() for picture in (one, two)]
    assert below[0] == below[1]
    assert text_length("cats\n.json") == text_length("cats\\n.json")
