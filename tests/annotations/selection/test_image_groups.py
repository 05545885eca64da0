from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.annotations.coco.document import Document, read_document
from maskwright.annotations.selection.image_groups import merge_overlapping_sets, read_user_groups
from maskwright.errors import DataError, UsageError


@pytest.fixture
def document(coco) -> Document:
    """Images a.png to d.png with the field video; the last one has none, the third an empty one."""
    videos = [{"video": 7}, {"video": "7"}, {"video": ""}, {}]
    return read_document(
        coco(images=[{"file_name": f"{name}.png", **v} for name, v in zip("abcd", videos, strict=True)])
    )


def test_sets_that_share_a_member_are_joined():
    assert merge_overlapping_sets([{1, 2}, {5, 6}, {2, 3}, {9}, set(), {6, 1}]) == [{1, 2, 3, 5, 6}]
    assert merge_overlapping_sets([{3, 1}, {2, 4}]) == [{1, 3}, {2, 4}]


@given(st.lists(st.frozensets(st.integers(0, 30), max_size=4)))
def test_joined_sets_are_disjoint_and_hold_each_set(sets: list[frozenset[int]]):
    merged = merge_overlapping_sets(sets)
    assert sum(map(len, merged)) == len(set().union(*merged))
    assert all(any(group <= together for together in merged) for group in sets if len(group) > 1)


def test_a_field_of_the_images_gives_groups_whether_number_or_text(document: Document):
    given_by_field = read_user_groups(document, "video")
    assert (given_by_field.of, given_by_field.unused) == ({1: "7", 2: "7"}, [])
    assert given_by_field.sets() == [{1, 2}]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("groups.csv", "file_name,group\na.png,x\nc.png,x\nz.png,y\nd.png,\n"),
        ("groups.CSV", "\ufeffa.png,x\r\n\r\nc.png, x ,more\r\nz.png,y\r\n"),
        ("groups.json", '{"a.png": "x", "c.png": "x", "z.png": 3}'),
    ],
)
def test_files_give_groups_and_name_what_is_no_image(document: Document, tmp_path: Path, name: str, text: str):
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    found = read_user_groups(document, str(tmp_path / name))
    assert (found.of, found.unused) == ({1: "x", 3: "x"}, ["z.png"])


def test_an_unknown_field_names_the_nearest(document: Document):
    with pytest.raises(UsageError, match=r"end in \.csv or \.json\) 'vidoe'. Nearest: video"):
        read_user_groups(document, "vidoe")


def test_a_field_without_any_value_is_refused(coco):
    with pytest.raises(DataError, match="no image has a value in 'video'"):
        read_user_groups(read_document(coco(images=[{"video": None}])), "video")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("g.csv", b"a.png;x\n", "line 1 has one column; expected two"),
        ("g.csv", b"a.png,x\na.png,y\n", "line 2 puts 'a.png' into 'y', but it is in 'x' already"),
        ("g.csv", b"\xff\xfe", "cannot be read as groups"),
        ("g.json", b'["a.png"]', "cannot be read as groups"),
        ("g.json", b'{"a.png": ', "cannot be read as groups"),
        ("g.csv", b"images/a.png,x\n", "its names are like 'images/a.png', theirs like 'a.png'"),
        ("g.csv", b"", "has no group for any image"),
    ],
)
def test_a_file_that_gives_no_groups_says_why(document, tmp_path: Path, name: str, content: bytes, message: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_user_groups(document, str(tmp_path / name))


def test_a_missing_file_is_said_to_be_missing(document: Document, tmp_path: Path):
    with pytest.raises(UsageError, match=r"nothing\.csv: it does not exist; expected the groups file"):
        read_user_groups(document, str(tmp_path / "nothing.csv"))
