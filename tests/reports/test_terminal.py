import unicodedata

import pytest

from maskwright.reports.tables import Table
from maskwright.reports.terminal import display_width, text_lines


def test_names_stand_left_and_numbers_right():
    table = Table(["class", "images"], [["traffic light", "5"], ["dog", "1,200"]])
    assert text_lines(table) == ["class          images", "traffic light       5", "dog             1,200"]


def test_columns_meet_whatever_the_letters():
    lines = text_lines(Table(["class", "n"], [["自転車", "7"], ["é", "12"], ["a\tb", "3"]]))
    assert len({display_width(line) for line in lines}) == 1


def test_a_table_without_rows_has_its_header():
    assert text_lines(Table(["class", "images"], [])) == ["class  images"]


@pytest.mark.parametrize(("text", "width"), [("dog", 3), ("自転車", 6), ("ｄｏｇ", 6), ("", 0)])
def test_wide_letters_take_two_columns(text, width):
    assert display_width(text) == width


def test_marks_over_letters_take_none():
    assert display_width(unicodedata.normalize("NFD", "café")) == display_width("café") == 4


def test_what_could_command_a_terminal_is_escaped():
    assert text_lines(Table(["class"], [["a\x1b[31mb\nc\u202ed"]]))[1] == "a\\x1b[31mb\\nc\\u202ed"
