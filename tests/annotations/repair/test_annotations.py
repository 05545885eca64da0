import json
from typing import Any

import msgspec

from maskwright.annotations.repair.annotations import AnnotationRepairs

SQUARE = [[10, 10, 30, 10, 30, 30, 10, 30]]
SOUND = {
    "id": 1,
    "image_id": 1,
    "category_id": 1,
    "segmentation": SQUARE,
    "bbox": [10, 10, 20, 20],
    "area": 400,
    "iscrowd": 0,
}


def repaired(*changes: dict[str, Any], **options: Any) -> tuple[list[dict[str, Any]], AnnotationRepairs]:
    records = [{name: value for name, value in (SOUND | change).items() if value is not ...} for change in changes]
    every = {record.get("id") if isinstance(record.get("id"), int) else None for record in records}
    repairs = AnnotationRepairs({1: (48, 64)}, options.pop("faulty", every), 100, **options)
    raw = [msgspec.Raw(json.dumps(record).encode()) for record in records]
    return [json.loads(msgspec.json.encode(record)) for record in repairs.repair_records(raw)], repairs


def codes(repairs: AnnotationRepairs) -> list[str]:
    return [repair.code for repair in repairs.repairs]


def test_a_sound_record_is_written_to_the_letter_even_when_it_is_looked_at():
    raw = msgspec.Raw(
        b'{"id":1,"image_id":1,"category_id":1,"segmentation":[[10,10,30,10,30,30,10,30]],'
        b'"bbox":[10,10,20.0,2e1],"area":400,"iscrowd":0,"mine":1.50}'
    )
    repairs = AnnotationRepairs({1: (48, 64)}, {1}, 100)
    assert list(repairs.repair_records([raw])) == [raw]
    assert repairs.repairs == []


def test_only_records_with_a_fault_are_touched():
    records, repairs = repaired({"id": 5, "iscrowd": ...}, {"id": 6, "iscrowd": ...}, faulty={6})
    assert ["iscrowd" in record for record in records] == [False, True]
    assert codes(repairs) == ["missing_iscrowd"]


def test_every_id_is_new_that_is_missing_repeated_or_under_one():
    records, repairs = repaired(
        {"id": 7}, {"id": ...}, {"id": 0}, {"id": -4}, {"id": 7, "area": 399}, {"id": "uuid"}, {"id": "8"}, repeated={7}
    )
    assert [record["id"] for record in records] == [7, 100, 101, 102, 103, 104, 8]
    assert codes(repairs) == ["missing_id", "id_zero", "negative_id", "duplicate_id", "bad_annotation", "string_id"]


def test_a_record_that_repeats_another_in_every_field_goes():
    records, repairs = repaired({"id": 7}, {"id": 7}, {"id": "7"}, {"id": 7, "area": 399}, repeated={7})
    assert [(record["id"], record["area"]) for record in records] == [(7, 400), (100, 399)]
    assert repairs.removed == 2


def test_what_draws_nothing_goes_and_is_named_with_its_box():
    records, repairs = repaired({"id": 3, "segmentation": []}, {"id": 4, "segmentation": [[]]}, {"id": 5})
    assert [record["id"] for record in records] == [5]
    assert [str(repair) for repair in repairs.repairs] == [
        "annotation 3: removed, because it draws nothing; its bbox was [10, 10, 20, 20]",
        "annotation 4: removed, because it draws nothing; its bbox was [10, 10, 20, 20]",
    ]
    assert codes(repairs) == ["empty_segmentation", "bad_polygon"]
    assert repairs.removed == 2


def test_in_a_file_of_boxes_what_draws_nothing_stays():
    records, repairs = repaired({"segmentation": ...}, remove_empty=False)
    assert (len(records), repairs.removed) == (1, 0)


def test_crowd_flags_are_put_right_only_when_it_is_clear_what_they_say():
    values = [..., None, "1", 0.0, True, 2, "no"]
    records, repairs = repaired(*({"id": number, "iscrowd": value} for number, value in enumerate(values, start=1)))
    assert [record["iscrowd"] for record in records] == [0, 0, 1, 0, True, 2, "no"]
    assert codes(repairs) == ["missing_iscrowd", "missing_iscrowd", "bad_iscrowd", "bad_iscrowd"]


def test_one_record_may_need_several_repairs():
    (record,), repairs = repaired(
        {"id": "0", "image_id": 1.0, "segmentation": SQUARE[0], "bbox": "none", "area": ..., "iscrowd": None}
    )
    assert record == SOUND | {"id": 100}
    assert codes(repairs) == [
        *("string_id", "odd_number", "id_zero", "missing_iscrowd", "flat_polygon_list", "bad_box", "missing_area"),
    ]


def test_boxes_stay_where_the_image_is_not_known():
    (record,), repairs = repaired({"image_id": 99, "bbox": [10, 10, 0, 0]})
    assert record["bbox"] == [10, 10, 0, 0]
    assert codes(repairs) == []


def test_what_is_no_record_stays():
    repairs = AnnotationRepairs({}, set(), 1)
    raw = [msgspec.Raw(b"5"), msgspec.Raw(b"null"), msgspec.Raw(b"[]")]
    assert list(repairs.repair_records(raw)) == raw
