import json
from typing import Any

import msgspec
import pytest

from maskwright.annotations.repair.edit import Edit, Repair


def edit(record: Any, kind: str = "annotation") -> Edit:
    return Edit.of(kind, msgspec.Raw(json.dumps(record).encode()))


def test_a_record_without_repairs_is_written_to_the_letter():
    raw = msgspec.Raw(b'{ "id":7 , "mine": 1.50 }')
    assert Edit.of("image", raw).record is raw


def test_a_changed_field_leaves_the_others_as_they_were_written():
    changed = Edit.of("annotation", msgspec.Raw(b'{"id": 7, "mine": [1.50, 1e3], "area": -1}'))
    changed.set("area", 9, "bad_area")
    assert msgspec.json.encode(changed.record) == b'{"id":7,"mine":[1.50, 1e3],"area":9}'
    assert changed.repairs == [Repair("bad_area", "annotation", 7, "wrote area 9 instead of -1")]


def test_a_repair_is_told_with_its_record_under_the_id_it_came_with():
    changed = edit({"id": 0})
    changed.set("id", 12, "id_zero")
    assert str(changed.repairs[0]) == "annotation 0: wrote id 12 instead of 0"
    assert changed.repairs[0].to_json() == {
        "code": "id_zero",
        "kind": "annotation",
        "id": 0,
        "done": "wrote id 12 instead of 0",
    }
    assert str(Repair("json_bom", "file", None, "left out the mark")) == "left out the mark"


def test_values_are_those_of_the_file_until_changed():
    changed = edit({"id": "3", "null": None})
    assert (changed.value("id"), changed.value("null"), changed.value("absent")) == ("3", None, None)
    changed.set("absent", [1], "bad_box")
    assert changed.value("absent") == [1]
    assert changed.as_written("absent") == "[1]"


def test_integers_in_another_spelling_are_written_as_integers():
    changed = edit({"id": "3", "height": "48", "width": 64.0, "other": "5"}, "image")
    changed.repair_integers("id", "height", "width")
    assert {name: changed.value(name) for name in changed.fields} == {"id": 3, "height": 48, "width": 64, "other": "5"}
    assert [repair.code for repair in changed.repairs] == ["string_id", "odd_number", "odd_number"]


@pytest.mark.parametrize("record", [5, None, [1], "text"])
def test_what_is_no_record_has_no_fields(record: Any):
    assert edit(record).fields == {}
