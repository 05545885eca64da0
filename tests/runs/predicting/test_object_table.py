"""The table of objects: their numbers, and names that a table cannot misread."""

import csv
from pathlib import Path

import numpy as np

from maskwright.runs.predicting.object_table import COLUMNS, object_rows, object_table
from maskwright.structures import ClassTable, Instances


def test_a_ring_has_a_hole_and_a_centre() -> None:
    mask = np.zeros((20, 30), np.bool_)
    mask[2:9, 10:17] = True
    mask[4:7, 12:15] = False
    found = Instances.from_dense(mask[None], np.array([2]), scores=np.array([0.25], np.float32))
    (row,) = object_rows("a.png", found, ClassTable.from_names(["cat", "ring"]))
    assert dict(zip(COLUMNS, row, strict=True)) == {
        "file": "a.png", "object": 1, "class": "ring", "score": 0.25, "area": 40, "x": 10.0, "y": 2.0, "width": 7.0,
        "height": 7.0, "centre_x": 13.5, "centre_y": 5.5, "holes": 1,
    }  # fmt: skip


def test_an_object_without_pixels_has_no_centre() -> None:
    found = Instances.from_dense(np.zeros((1, 4, 4), np.bool_), np.array([1]))
    (row,) = object_rows("a.png", found, ClassTable.from_names(["cat"]))
    named = dict(zip(COLUMNS, row, strict=True))
    assert (named["area"], named["centre_x"], named["holes"]) == (0, "", 0)


def test_the_file_has_names_with_commas_and_line_breaks_in_one_row(tmp_path: Path) -> None:
    found = Instances.from_dense(np.ones((1, 4, 4), np.bool_), np.array([1]))
    with object_table(tmp_path / "objects.csv") as append:
        append(object_rows('a,"b".png', found, ClassTable.from_names(["cat\nerror: x"])))
    with (tmp_path / "objects.csv").open(encoding="utf-8", newline="") as file:
        header, row = csv.reader(file)
    assert tuple(header) == COLUMNS
    assert row[0] == 'a,"b".png'
    assert len((tmp_path / "objects.csv").read_text().splitlines()) == 2
