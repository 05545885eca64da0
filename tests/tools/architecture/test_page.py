"""The page about the architecture shows the source as it is."""

import pytest

from tools.architecture.page import PAGE, PICTURE, page_text
from tools.architecture.picture import draw_picture, place_boxes
from tools.architecture.rooms import arrows, direct, reached, rooms

RENEW = "write it anew with: python -m tools.architecture.page"


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_text(), RENEW


def test_the_picture_is_not_stale() -> None:
    assert PICTURE.read_text(encoding="utf-8") == draw_picture(), RENEW


def test_every_room_has_a_box_and_a_line_of_the_table() -> None:
    assert list(place_boxes()) == rooms()
    assert all(f"| `{room}` |" in page_text() for room in rooms())


def test_no_box_covers_another() -> None:
    boxes = list(place_boxes().values())
    for one in boxes:
        for other in boxes:
            beside = one.left + one.width <= other.left or other.left + other.width <= one.left
            below = one.bottom <= other.top or other.bottom <= one.top
            assert one is other or beside or below


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ([("a", "b"), ("b", "c"), ("a", "c")], [("a", "b"), ("b", "c")]),
        ([("a", "b"), ("a", "c")], [("a", "b"), ("a", "c")]),
        ([("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")], [("a", "b"), ("b", "c"), ("c", "d")]),
    ],
)
def test_an_arrow_is_left_out_where_a_longer_way_leads(found: list, shown: list) -> None:
    assert direct(found) == shown


def test_the_way_of_every_import_is_in_the_picture() -> None:
    shown = direct(arrows())
    assert [(start, end) for start, end in arrows() if end not in reached(start, shown)] == []
