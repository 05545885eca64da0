import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.control_characters import (
    escape_controls,
    has_controls,
    lines_of_cells,
    lines_of_names,
    quote_cell,
    quote_name,
    remove_controls,
    unquote_name,
)
from maskwright.structures import normalise_name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cat\nerror: none", r"cat\nerror: none"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J\x7f", r"\x9b2J\x7f"),  # CSI in one character
        ("exe.\u202egpj", r"exe.\u202egpj"),
        ("a\u2028b\u2029c\u0085d", r"a\u2028b\u2029c\x85d"),
        ("\udcff", r"\udcff"),  # of a file name that is no UTF-8
        ("\U000e0041\ufeff\u200b", r"\U000e0041\ufeff\u200b"),
    ],
)
def test_what_commands_a_terminal_or_hides_is_shown(text: str, shown: str):
    assert escape_controls(text) == shown
    assert has_controls(text)


@pytest.mark.parametrize(
    "text", ["naïve 自転車 – ok", "می\u200cخواهم", "👩\u200d🚒", "full\u3000width", "C:\\new\\table", "[/y]"]
)
def test_words_stay_as_they_are(text: str):
    assert escape_controls(text) == text
    assert quote_name(text) == text
    assert not has_controls(text)


@given(st.text())
def test_a_shown_text_is_one_line_and_is_not_escaped_again(text: str):
    shown = escape_controls(text)
    assert len(shown.splitlines()) <= 1
    assert escape_controls(shown) == shown


@given(st.lists(st.text().map(normalise_name) | st.text(alphabet='"\\\nab\x85').map(normalise_name)))
def test_each_name_keeps_its_line_and_comes_back(names: list[str]):
    lines = lines_of_names(names).splitlines()
    assert [unquote_name(line.strip()) for line in lines] == names


def test_a_line_of_another_tool_in_odd_quotes_is_a_name_as_it_is():
    for line in ('"', '"a" or "b"', '"\\"', "'cat'", '"cat'):
        assert unquote_name(line) == line


@given(st.lists(st.text() | st.none() | st.floats(allow_nan=False), min_size=2))
def test_cells_of_a_table_stay_on_one_line(row: list[object]):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(map(quote_cell, row))
    assert len(text.getvalue().splitlines()) == 1
    (read,) = csv.reader([text.getvalue()])
    assert [unquote_name(cell) for cell in read] == ["" if value is None else str(value) for value in row]


def test_empty_cells_and_numbers_are_not_quoted():
    assert [quote_cell(value) for value in ("", None, 0, 1.5)] == ["", None, 0, 1.5]


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", " =1", "\uff1d1+1", "cat;=1+1", "cat; -dog", "'=1", '"=1"'],
)
def test_no_cell_begins_a_formula_whatever_divides_the_cells(name: str):
    text = lines_of_cells([["file", name], [name, 1.5]])
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            assert not any(cell.lstrip(" '\t").startswith(("=", "+", "-", "@", "\uff1d")) for cell in row)
    rows = list(csv.reader(io.StringIO(text)))
    assert [[unquote_name(cell) for cell in row] for row in rows] == [["file", name], [name, "1.5"]]


@pytest.mark.parametrize("cell", ["-0.5", "+3", "-1e-05", "-inf", "a-b", "cat;dog", "x=1", -0.5])
def test_numbers_and_other_names_are_no_formulas(cell: object):
    assert lines_of_cells([[cell]]) == f"{cell}\n"


def test_tables_are_written_in_one_place():
    """A cell that is written elsewhere might begin a formula."""
    source = Path(__file__).parents[1] / "src"
    found = [path.name for path in source.rglob("*.py") if "csv.writer" in path.read_text(encoding="utf-8")]
    assert found == ["control_characters.py"]


def test_a_quoted_name_is_json():
    assert json.loads(quote_name("a\nb\u202e")) == "a\nb\u202e"


def test_what_is_left_of_a_name_without_its_control_characters():
    assert remove_controls("hot\r\ndog\x1b\t one\u2028two\u200b") == "hot dog one two"
