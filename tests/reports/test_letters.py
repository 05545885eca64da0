import unicodedata

import pytest

from maskwright.reports.letters import display_width, printable


@pytest.mark.parametrize(("text", "width"), [("dog", 3), ("自転車", 6), ("ｄｏｇ", 6), ("", 0)])
def test_wide_letters_take_two_columns(text, width):
    assert display_width(text) == width


def test_marks_over_letters_take_none():
    assert display_width(unicodedata.normalize("NFD", "café")) == display_width("café") == 4


def test_what_could_command_a_terminal_is_replaced():
    assert printable("a\x1b[31mb\nc\u202ed") == "a\ufffd[31mb\ufffdc\ufffdd"
    assert printable("naïve 自転車 – ok") == "naïve 自転車 – ok"
