from typing import Any

import msgspec
import pytest

from maskwright.annotations.coco.file import CocoAnnotation
from maskwright.annotations.coco.loose_records import field_value, integer, json_excerpt, parse_records, record_fields
from maskwright.annotations.faults import Fault


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7),
        ("-3", -3),
        ("007", 7),
        (7.0, 7),
        ("7.0", None),
        ("", None),
        (" 7", None),
        ("٣", None),
        ("1" * 19, None),
        (7.5, None),
        (1e300, None),
        (7, None),
        (True, None),
        (None, None),
        ([7], None),
    ],
    ids=repr,
)
def test_an_integer_in_another_spelling_is_told_from_everything_else(value: Any, expected: int | None):
    assert integer(value) == expected


def test_fields_stay_undecoded_and_unreadable_ones_are_none():
    fields = record_fields(msgspec.Raw(b'{"a": [1,  2], "b": 1e999, "c": null}'))
    assert bytes(fields["a"]) == b"[1,  2]"
    assert [field_value(fields, name) for name in "abcd"] == [[1, 2], None, None, None]
    assert record_fields(msgspec.Raw(b"[1]")) == {}


def test_long_json_is_cut_in_messages():
    assert json_excerpt(b"[1, 2]") == "[1, 2]"
    assert len(json_excerpt(b"[" + b"1, " * 100 + b"1]")) == 60


def test_records_are_read_one_by_one_with_their_faults():
    raw = [
        b'{"id": 1, "image_id": 1, "category_id": 1}',
        b'{"id": "2", "image_id": 1, "category_id": 1, "area": "big"}',
        b'{"id": 3, "image_id": null, "category_id": 1}',
        b'{"image_id": 1, "category_id": 1}',
        b'"text"',
    ]
    faults: list[Fault] = []
    found = parse_records([msgspec.Raw(each) for each in raw], CocoAnnotation, "annotation", faults)
    assert [each.id for each in found] == [1, 2]
    assert [(fault.code, fault.record) for fault in faults] == [
        ("string_id", 2),
        ("bad_area", 2),
        ("bad_annotation", 3),
        ("missing_id", None),
        ("bad_annotation", None),
    ]
    assert str(faults[1]) == 'annotation 2 has area "big"'
    assert "(record 2) does not fit COCO" in str(faults[2])


def test_a_record_that_mending_does_not_save_has_one_fault():
    faults: list[Fault] = []
    raw = msgspec.Raw(b'{"id": "1", "image_id": "one", "category_id": 1}')
    assert parse_records([raw], CocoAnnotation, "annotation", faults) == []
    assert [(fault.code, fault.record) for fault in faults] == [("bad_annotation", "1")]
