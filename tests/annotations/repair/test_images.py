import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from maskwright.annotations.repair.edit import Edit
from maskwright.annotations.repair.images import (
    remove_controls_from_names,
    remove_repeated,
    repair_category_record,
    repair_image_record,
)
from maskwright.images.folder_names import FolderNames


def image(name: Any, names: FolderNames | None = None, **fields: Any) -> Edit:
    record = {"id": 1, "file_name": name, "height": 4, "width": 4} | fields
    return repair_image_record(msgspec.Raw(json.dumps(record).encode()), names)


@pytest.fixture
def names(tmp_path: Path) -> FolderNames:
    for name in ("one.jpg", "Two.jpg", "two.jpg", "sub/three.jpg", "caf\u00e9.jpg", "back\\slash.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "Link.jpg").symlink_to("/etc/hostname")
    return FolderNames(tmp_path)


@pytest.mark.parametrize(
    ("name", "expected", "code"),
    [
        ("one.jpg", "one.jpg", None),
        ("ONE.jpg", "one.jpg", "case_differs"),
        ("sub\\three.jpg", "sub/three.jpg", "backslash_path"),
        ("Sub\\THREE.jpg", "sub/three.jpg", "case_differs"),
        ("cafe\u0301.jpg", "caf\u00e9.jpg", "unicode_form"),
        ("back\\slash.jpg", "back\\slash.jpg", None),
        ("TWO.jpg", "TWO.jpg", None),
        ("link.jpg", "link.jpg", None),
        ("missing.jpg", "missing.jpg", None),
        ("sub\\missing.jpg", "sub/missing.jpg", "backslash_path"),
        ("../one.jpg", "../one.jpg", None),
    ],
)
def test_a_name_becomes_that_of_the_one_file_it_can_mean(
    names: FolderNames, name: str, expected: str, code: str | None
):
    edit = image(name, names)
    assert edit.value("file_name") == expected
    assert [repair.code for repair in edit.repairs] == ([code] if code else [])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sub\\a.jpg", "sub/a.jpg"),
        ("ONE.jpg", "ONE.jpg"),
        ("C:\\a.jpg", "C:\\a.jpg"),
        ("\\\\server\\a.jpg", "\\\\server\\a.jpg"),
        ("..\\a.jpg", "..\\a.jpg"),
        ("a\\..\\..\\b.jpg", "a\\..\\..\\b.jpg"),
        (5, 5),
    ],
)
def test_without_a_folder_only_backslashes_inside_it_are_put_right(name: Any, expected: Any):
    assert image(name).value("file_name") == expected


def test_numbers_of_images_and_categories_are_put_right():
    assert [repair.code for repair in image("a.jpg", id="1", width=4.0).repairs] == ["string_id", "odd_number"]
    category = repair_category_record(msgspec.Raw(b'{"id": "5", "name": "dog"}'))
    assert (category.value("id"), category.repairs[0].code) == (5, "string_id")


def test_of_records_that_are_equal_in_every_field_the_first_stays():
    raw = [b'{"id":1,"name":"a"}', b'{"name":"a","id":1.0}', b'{"id":1,"name":"b"}', b'{"id":2,"name":"a"}', b"5"]
    edits = [repair_category_record(msgspec.Raw(each)) for each in raw]
    remove_repeated(edits)
    assert [edit.removed for edit in edits] == [False, True, False, False, False]
    assert edits[1].repairs[-1].done == "removed, because it repeats an earlier record in every field"


def test_a_line_break_at_the_end_of_a_name_goes_without_a_clash_with_itself():
    raws = [msgspec.Raw(json.dumps({"id": 1, "name": name}).encode()) for name in ("dog\n", "cat", "dog\tcat", 7)]
    edits = [repair_category_record(raw) for raw in raws]
    remove_controls_from_names(edits)
    assert [edit.value("name") for edit in edits] == ["dog", "cat", "dog cat", 7]
    assert [[repair.code for repair in edit.repairs] for edit in edits] == [
        *(["control_in_name"], [], ["control_in_name"], []),
    ]
