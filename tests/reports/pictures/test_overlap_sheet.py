import numpy as np
import pytest

from maskwright.reports.pictures.lettering import PAPER
from maskwright.reports.pictures.overlap_sheet import CELL, GAP, MARGIN, NOTHING, STILL, OverlapRow, overlap_sheet
from maskwright.structures import IGNORED_COLOR, ClassTable

TABLE = ClassTable.from_names(["person", "dog", "car"])
PERSON, DOG, CAR = (each.color for each in TABLE)
WIDTH = 3 * CELL + 2 * GAP + 2 * MARGIN


def row(height: int = 30, width: int = 40, name: str = "1.jpg") -> OverlapRow:
    """Persons at the left, dogs in the middle; where they meet, dogs before and persons after; a car below."""
    before = np.zeros((height, width), np.uint8)
    before[: height // 2, : width // 2] = 1
    after = before.copy()
    before[: height // 2, width // 4 : 3 * width // 4] = 2
    after[: height // 2, width // 2 : 3 * width // 4] = 2
    before[-2:, :] = after[-2:, :] = 3
    return OverlapRow(name, before, after)


def area(sheet: np.ndarray, color: tuple[int, ...]) -> int:
    return int((sheet == color).all(axis=2).sum())


def test_the_three_pictures_stand_beside_each_other_and_the_last_shows_only_what_moved():
    sheet = overlap_sheet([row()], TABLE, "last", "first")
    left, middle, right = (sheet[:, MARGIN + i * (CELL + GAP) :][:, :CELL] for i in range(3))
    quarter = CELL // 4 * CELL * 3 // 8
    assert area(left, DOG) == pytest.approx(2 * quarter, rel=0.02)
    assert area(middle, DOG) == pytest.approx(quarter, rel=0.02)
    assert (area(right, PERSON), area(right, DOG)) == (pytest.approx(quarter, rel=0.02), 0)
    assert area(right, CAR) < 1000
    assert area(right, STILL) > quarter


@pytest.mark.parametrize("size", [(30, 40), (40, 30), (3, 400), (400, 3), (1, 1), (2000, 1500)])
def test_pictures_of_any_shape_leave_a_sheet_of_one_width_with_margins_of_paper(size: tuple[int, int]):
    sheet = overlap_sheet([row(), row(*size)], TABLE, "last", "priority")
    assert sheet.shape[1:] == (WIDTH, 3)
    assert sheet.dtype == np.uint8
    for edge in (sheet[:MARGIN], sheet[-MARGIN // 2 :], sheet[:, :MARGIN], sheet[:, -MARGIN:]):
        assert (edge == PAPER).all()


def test_enlarged_pixels_stay_square_and_unmixed():
    sheet = overlap_sheet([row(6, 8)], TABLE, "last", "first")
    cell = sheet[MARGIN + 60 : MARGIN + 60 + 3 * CELL // 4 - 10, MARGIN : MARGIN + CELL]
    assert {tuple(pixel) for pixel in cell.reshape(-1, 3).tolist()} <= {PERSON, DOG, CAR, NOTHING}


def test_the_legend_has_the_classes_in_the_pictures_and_ignored_pixels_last():
    plain = overlap_sheet([row()], TABLE, "last", "first")
    with_ignored = row()
    with_ignored.before[20, :] = with_ignored.after[20, :] = 255
    assert area(plain, IGNORED_COLOR) == 0
    assert area(overlap_sheet([with_ignored], TABLE, "last", "first"), IGNORED_COLOR) > 1000


def test_many_classes_are_listed_in_columns_that_fit():
    table = ClassTable.from_names([f"a class of a rather long name, number {i}" for i in range(120)])
    labels = np.arange(0, 121, dtype=np.uint8).reshape(11, 11)
    changed = labels.copy()
    changed[0, :2] = 120, 119
    sheet = overlap_sheet([OverlapRow("1.jpg", labels, changed)], table, "last", "first")
    assert sheet.shape[1] == WIDTH
    assert (sheet[:, -MARGIN:] == PAPER).all()
    few = overlap_sheet([row(11, 11)], table, "last", "first")
    assert sheet.shape[0] - few.shape[0] > 30 * 20


def test_names_from_files_may_be_long_and_strange():
    table = ClassTable.from_names(["x" * 300, "自転車\u200b", "\x1b[31mred"])
    sheet = overlap_sheet([row(name="y" * 500 + "\n.jpg")], table, "last", "first")
    assert (sheet[:, -MARGIN:] == PAPER).all()
    assert sheet.shape == overlap_sheet([row()], TABLE, "last", "first").shape


def test_sixteen_bit_labels_have_their_colours_too():
    table = ClassTable.from_names([str(i) for i in range(300)])
    before = np.full((4, 4), 300, np.uint16)
    after = np.full((4, 4), 299, np.uint16)
    sheet = overlap_sheet([OverlapRow("1.jpg", before, after)], table, "last", "first")
    assert area(sheet, table.classes[299].color) >= CELL**2
    assert area(sheet, table.classes[298].color) >= 2 * CELL**2
