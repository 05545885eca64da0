import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.annotations.coco.file import UNSTATED_CROWD, CocoFile, category_names, read_coco
from maskwright.annotations.coco.json_text import BadJson
from maskwright.errors import UsageError


def faults(coco_file: CocoFile) -> list[tuple[str, str, Any]]:
    return [(fault.code, fault.kind, fault.record) for fault in coco_file.faults]


def test_a_sound_file_is_read_whole_and_without_faults(coco):
    read = read_coco(coco({}, {"category_id": 2, "iscrowd": 1, "bbox": [1, 2, 3, 4.5], "area": 7}))
    assert faults(read) == []
    assert [(i.id, i.file_name, i.height, i.width) for i in read.images] == [(1, "1.png", 48, 64)]
    assert category_names(read) == {1: "person", 2: "dog"}
    assert [(a.id, a.category_id, a.iscrowd, a.area) for a in read.annotations] == [(1, 1, 0, None), (2, 2, 1, 7.0)]


@pytest.mark.parametrize(
    ("box", "usable"),
    [
        ([1, 2, 3, 4.5], True),
        ([-1.5, 2, 3, 0], True),  # pycocotools counts an object with a flat box as missed
        ([1, 2, -3, 4], False),
        ([1, 2, 3, -4], False),
        ([1, 2, 3], False),
        ([1, 2, 3, 4, 5], False),
        ([], False),
        (["1", 2, 3, 4], False),
        (None, False),
        (..., False),
    ],
    ids=str,
)
def test_a_box_of_four_numbers_without_negative_sides_can_be_used(coco, box: Any, usable: bool):
    (read,) = read_coco(coco({"bbox": box})).annotations
    assert read.usable_box == (box if usable else None)


def test_zero_is_an_id_like_any_other(coco):
    path = coco({"id": 0, "image_id": 0, "category_id": 0}, images=[{"id": 0}], categories={0: "person"})
    read = read_coco(path)
    assert faults(read) == []
    assert [a.id for a in read.by_image()[0]] == [0]


def test_annotations_are_grouped_by_image_in_file_order_and_empty_images_are_there(coco):
    read = read_coco(coco({"id": 9}, {"id": 3}, {"id": 5, "image_id": 3}, images=[{}, {}, {}]))
    assert {image: [a.id for a in group] for image, group in read.by_image().items()} == {1: [9, 3], 2: [], 3: [5]}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": "two"}, "bad_annotation"),
        ({"id": 2.5}, "bad_annotation"),
        ({"id": [2]}, "bad_annotation"),
        ({"id": None}, "missing_id"),
        ({"image_id": "one"}, "bad_annotation"),
        ({"image_id": ...}, "bad_annotation"),
        ({"category_id": None}, "bad_annotation"),
        ({"category_id": ...}, "bad_annotation"),
        ({"iscrowd": "no"}, "bad_annotation"),
        ({"image_id": 99}, "unknown_image"),
        ({"category_id": 99}, "unknown_category"),
        ({"id": 1}, "duplicate_id"),
    ],
    ids=str,
)
def test_an_annotation_that_does_not_fit_is_named_and_the_others_are_read(coco, changes: dict[str, Any], code: str):
    read = read_coco(coco({"id": 1}, {"id": 2} | changes, {"id": 3}))
    identity = changes.get("id", 2)
    assert faults(read) == [(code, "annotation", str(identity) if isinstance(identity, list) else identity)]
    assert [a.id for a in read.annotations] == [1, 3]
    assert read.annotations_found == 3


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": "2"}, "string_id"),
        ({"image_id": "1"}, "string_id"),
        ({"category_id": "1"}, "string_id"),
        ({"id": 2.0}, "odd_number"),
        ({"category_id": 1.0}, "odd_number"),
        ({"bbox": [1, 2, None, 4]}, "bad_box"),
        ({"bbox": "1 2 3 4"}, "bad_box"),
        ({"area": "large"}, "bad_area"),
        ({"iscrowd": "0"}, "bad_iscrowd"),
        ({"iscrowd": 0.0}, "bad_iscrowd"),
    ],
    ids=str,
)
def test_an_annotation_that_can_be_mended_without_guessing_is_named_and_read(coco, changes: dict[str, Any], code: str):
    read = read_coco(coco({"id": 1}, {"id": 2, "bbox": [1, 2, 3, 4], "area": 5} | changes, {"id": 3}))
    assert faults(read) == [(code, "annotation", 2)]
    (_, mended, _) = read.annotations
    assert (mended.id, mended.image_id, mended.category_id, mended.iscrowd) == (2, 1, 1, 0)
    assert mended.bbox == (None if "bbox" in changes else [1, 2, 3, 4])
    assert mended.area == (None if "area" in changes else 5)


def test_every_mended_field_of_a_record_is_named(coco):
    read = read_coco(coco({"id": "1", "image_id": 1.0, "bbox": "none", "iscrowd": "1"}))
    assert [code for code, _, _ in faults(read)] == ["string_id", "odd_number", "bad_box", "bad_iscrowd"]
    assert read.annotations[0].iscrowd == 1


def test_an_id_of_another_spelling_repeats_the_integer(coco):
    read = read_coco(coco({"id": 7}, {"id": "7"}))
    assert faults(read) == [("string_id", "annotation", 7), ("duplicate_id", "annotation", 7)]


def test_a_crowd_flag_of_null_is_one_left_out(coco):
    read = read_coco(coco({"iscrowd": None}, {"iscrowd": ...}, {"iscrowd": 0}))
    assert faults(read) == []
    assert [each.iscrowd is UNSTATED_CROWD for each in read.annotations] == [True, True, False]


def test_an_annotation_without_an_id_is_named_by_its_position(coco):
    (fault,) = read_coco(coco({}, {"id": ...})).faults
    assert (fault.code, fault.record) == ("missing_id", None)
    assert "record 1" in str(fault)


def test_a_record_that_is_no_object_is_a_fault(write_json):
    read = read_coco(write_json({"images": [], "categories": [], "annotations": [5]}))
    assert faults(read) == [("bad_annotation", "annotation", None)]


def test_of_a_repeated_id_the_first_record_is_used(coco):
    read = read_coco(coco({"id": 7, "category_id": 1}, {"id": 7, "category_id": 2}))
    assert [(a.id, a.category_id) for a in read.annotations] == [(7, 1)]


def test_an_annotation_without_segmentation_or_crowd_flag_is_read(coco):
    read = read_coco(coco({"segmentation": ..., "iscrowd": ...}))
    assert faults(read) == []
    assert [(bytes(a.segmentation), a.iscrowd) for a in read.annotations] == [(b"null", 0)]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "first"},
        {"height": ...},
        {"width": "wide"},
        {"height": 0},
        {"width": -64},
        {"height": 10**6, "width": 10**6},
        {"file_name": ...},
        {"file_name": ""},
        {"file_name": "a\0.png"},
    ],
    ids=str,
)
def test_an_image_that_cannot_be_used_is_named_and_costs_only_its_own_annotations(coco, changes: dict[str, Any]):
    read = read_coco(coco({"image_id": 1}, {"image_id": 2}, images=[changes, {}]))
    assert faults(read) == [("bad_image", "image", changes.get("id", 1)), ("unknown_image", "annotation", 1)]
    assert [a.id for a in read.annotations] == [2]
    assert read.annotations_found == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": "1"}, "string_id"),
        ({"id": 1.0}, "odd_number"),
        ({"width": "64"}, "odd_number"),
        ({"height": 48.0}, None),
    ],
    ids=str,
)
def test_an_image_whose_numbers_are_in_another_spelling_is_read(coco, changes: dict[str, Any], code: str | None):
    read = read_coco(coco({"image_id": 1}, images=[changes]))
    assert faults(read) == [(code or "odd_number", "image", 1)]
    assert [(i.id, i.height, i.width) for i in read.images] == [(1, 48, 64)]
    assert len(read.annotations) == 1


def test_a_repeated_image_id_is_named(coco):
    read = read_coco(coco({}, images=[{}, {"id": 1}]))
    assert faults(read) == [("duplicate_id", "image", 1)]
    assert [i.file_name for i in read.images] == ["1.png"]


def test_a_category_without_a_name_is_named_and_so_are_its_annotations(write_json):
    image = {"id": 1, "file_name": "1.png", "height": 8, "width": 8}
    document = {
        "images": [image],
        "categories": [{"id": 4}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 4}],
    }
    read = read_coco(write_json(document))
    assert faults(read) == [("bad_category", "category", 4), ("unknown_category", "annotation", 1)]


def test_a_number_too_large_for_any_float_costs_one_record_not_the_file(coco):
    path = coco({"area": 5}, {"id": 2})
    path.write_text(path.read_text().replace('"area": 5', '"area": 1e999'))
    read = read_coco(path)
    assert faults(read) == [("bad_area", "annotation", 1)]
    assert [each.area for each in read.annotations] == [None, None]


def test_text_that_is_not_utf8_costs_no_more_than_its_record(coco):
    path = coco({"image_id": 2}, images=[{}, {}])
    path.write_bytes(path.read_bytes().replace(b"1.png", b"caf\xe9.png"))
    read = read_coco(path)
    assert faults(read) == [("json_encoding", "file", None), ("bad_image", "image", 1)]
    assert len(read.annotations) == 1


SOUND = json.dumps({"images": [], "categories": [], "annotations": []}).encode()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "json_invalid"),
        (b" \n", "json_invalid"),
        (b"not JSON", "json_invalid"),
        (SOUND[:-5], "json_truncated"),
        (b'{"images": [{"id": "1"}], "categories": [], "annotations": [{"id": 1, "ima', "json_truncated"),
        (
            b'{"images": [], "categories": [], "annotations": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
            "json_nesting",
        ),
    ],
    ids=["empty", "blank", "text", "cut", "cut after a fault", "deeply nested"],
)
def test_what_is_not_json_is_refused_with_the_name_of_the_file(tmp_path: Path, content: bytes, code: str):
    path = tmp_path / "labels.json"
    path.write_bytes(content)
    with pytest.raises(BadJson, match=r"labels\.json: is .*; expected a COCO file\. [A-Z].*\.$") as caught:
        read_coco(path)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "value",
    [[], 5, None, {}, {"images": [], "categories": []}, {"images": {}, "categories": [], "annotations": []}],
    ids=str,
)
def test_json_with_another_top_level_is_refused_with_the_name_of_the_file(write_json, value: Any):
    with pytest.raises(
        BadJson, match=r"labels\.json: is not a COCO file .* lists images, annotations and categories"
    ) as caught:
        read_coco(write_json(value))
    assert caught.value.code == "json_top_level"


def test_a_missing_file_is_answered_with_the_nearest_and_exit_code_2(coco, tmp_path: Path):
    coco()
    with pytest.raises(UsageError, match=r"label\.json: it does not exist.*Nearest.*labels\.json") as caught:
        read_coco(tmp_path / "label.json")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("size", [{"height": 65_535, "width": 65_535}, {"height": 1, "width": 134_217_729}])
def test_a_record_of_more_pixels_than_the_limit_is_a_fault_that_names_it(coco, size: dict[str, int]):
    read = read_coco(coco({}, images=[size, {}]))
    assert [code for code, _, _ in faults(read)] == ["bad_image", "unknown_image"]
    assert "to 134217728 pixels (see --limit image-pixels)" in str(read.faults[0])


def test_the_limit_of_pixels_can_be_raised_up_to_cocos_own(coco, monkeypatch: pytest.MonkeyPatch):
    path = coco({}, images=[{"height": 65_535, "width": 65_535}])
    monkeypatch.setenv("MASKWRIGHT_LIMIT_IMAGE_PIXELS", str(10**12))
    assert faults(read_coco(path)) == []
    assert len(read_coco(coco({}, images=[{"height": 65_536, "width": 65_536}])).images) == 0


def test_a_name_of_a_hundred_thousand_letters_is_a_fault_and_shown_in_part(coco):
    categories = {1: "n" * 100_000, 2: "dog"}
    read = read_coco(coco({"category_id": 2}, categories=categories, images=[{}, {"file_name": "f" * 100_000}]))
    assert sorted(code for code, _, _ in faults(read)) == ["bad_category", "bad_image"]
    assert all(len(str(fault)) < 300 and "--limit name-letters" in str(fault) for fault in read.faults)


@pytest.mark.parametrize("beyond", [2**63, 2**64, -(2**63) - 1])
def test_an_id_of_an_image_or_a_category_beyond_64_bits_is_refused_and_that_of_an_annotation_is_not(coco, beyond: int):
    path = coco({"id": beyond}, {"image_id": beyond}, {"category_id": beyond}, images=[{}, {"id": beyond}])
    read = read_coco(path)
    assert faults(read) == [
        ("bad_image", "image", beyond),
        ("bad_annotation", "annotation", 2),
        ("bad_annotation", "annotation", 3),
    ]
    assert [each.id for each in read.annotations] == [beyond]
    largest = read_coco(coco({"image_id": 2**63 - 1}, images=[{"id": 2**63 - 1}]))
    assert faults(largest) == []
