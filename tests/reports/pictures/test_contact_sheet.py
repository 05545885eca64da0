import numpy as np
import pytest

from maskwright.reports.pictures import tile
from maskwright.reports.pictures.contact_sheet import COLUMNS, _lines, contact_sheet
from maskwright.reports.pictures.lettering import PAPER
from maskwright.reports.pictures.tile import Tile


def make(color, classes=(("dog", (200, 30, 30)),), size=(tile.HEIGHT, tile.WIDTH), name="1.jpg"):
    return Tile(np.full((*size, 3), color, np.uint8), name, list(classes), 1, 0)


def test_every_tile_is_on_the_sheet_whole_and_in_order():
    tiles = [make((i, 100 + i, 200)) for i in range(8)]
    sheet = contact_sheet(tiles, "eight")
    places = []
    for i in range(8):
        rows, columns = np.nonzero((sheet == (i, 100 + i, 200)).all(axis=2))
        assert len(rows) == tile.HEIGHT * tile.WIDTH
        places.append((rows.min(), columns.min()))
    assert places == sorted(places)
    assert places[COLUMNS][1] == places[0][1]


def test_margins_are_paper():
    sheet = contact_sheet([make((1, 2, 3), size=(50, 60))], "one")
    for edge in (sheet[:10], sheet[-10:], sheet[:, :10], sheet[:, -10:]):
        assert (edge == PAPER).all()


def test_the_colour_of_a_class_stands_under_its_picture():
    sheet = contact_sheet([make((1, 2, 3))], "one")
    assert (sheet == (200, 30, 30)).all(axis=2).sum() > 60


@pytest.mark.parametrize("name", ["dog", "a very long class name that never ends", "自転車"])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 9, 40, 200])
def test_classes_that_do_not_fit_are_counted(name, count):
    lines = _lines([(f"{name} {i}", (0, 0, 0)) for i in range(count)])
    assert len(lines) <= 2
    named = [text for line in lines for text, color in line if color is not None]
    rest = [text for line in lines for text, color in line if color is None]
    assert len(named) + sum(int(text.removeprefix("+")) for text in rest) == count
    assert len(rest) <= 1


def test_long_names_do_not_reach_into_the_next_column():
    wide = [(f"a very long class name {i}", (200, 30, 30)) for i in range(30)]
    sheet = contact_sheet([make((1, 2, 3), wide, name="x" * 300), make((1, 2, 3))], "two")
    picture = np.nonzero((sheet == (1, 2, 3)).all(axis=2).any(axis=0))[0]
    gap = np.setdiff1d(np.arange(picture.min(), picture.max()), picture)
    assert len(gap)
    assert (sheet[:, gap] == PAPER).all()
