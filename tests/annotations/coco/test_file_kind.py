"""A stranger's file that is no file of instances is named by its kind, in one fault."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from maskwright.annotations.coco.document import read_document
from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.coco.file_kind import is_absent, kind_fault
from maskwright.annotations.coco.json_text import BadJson
from maskwright.annotations.faults import FAULTS, IMPLIED

MASK = [[1, 1, 9, 1, 9, 9]]
IMAGES = [{"id": i, "file_name": f"{i}.jpg", "height": 48, "width": 64} for i in (1, 2)]
CATEGORIES = [{"id": 1, "name": "person"}]


def of_lvis(**fields: Any) -> list[dict[str, Any]]:
    changes = {"file_name": ..., "coco_url": "http://images/val2017/1.jpg", "neg_category_ids": []} | fields
    return [{key: value for key, value in (image | changes).items() if value is not ...} for image in IMAGES]


def records(**fields: Any) -> list[dict[str, Any]]:
    both = [{"id": i, "image_id": i, "category_id": 1, "bbox": [1, 1, 8, 8]} | fields for i in (1, 2)]
    return [{key: value for key, value in each.items() if value is not ...} for each in both]


def document(annotations: list[dict[str, Any]], images: Any = IMAGES, categories: Any = CATEGORIES) -> dict[str, Any]:
    whole = {"images": images, "annotations": annotations, "categories": categories}
    return {key: value for key, value in whole.items() if value is not None}


SEGMENTS = records(id=..., category_id=..., bbox=..., file_name="1.png", segments_info=[{"id": 7, "category_id": 1}])
CAPTIONS = records(category_id=..., bbox=..., caption="A dog.")
KINDS: dict[str, list[Any]] = {
    "boxes_file": [document(records(**fields)) for fields in ({}, {"segmentation": []}, {"segmentation": None})],
    "keypoints_file": [document(records(keypoints=[3, 3, 2])), document(records(keypoints=[3, 3, 2], segmentation=[]))],
    "panoptic_file": [document(SEGMENTS)],
    "captions_file": [document(CAPTIONS, categories=None), document(CAPTIONS, categories=[])],
    "lvis_file": [document(records(segmentation=MASK), of_lvis())],
    "results_file": [records(id=..., score=0.5), records(id=..., score=0.5, bbox=..., segmentation={"counts": "1"})],
}
CASES = [pytest.param(code, content, id=f"{code}-{i}") for code in KINDS for i, content in enumerate(KINDS[code])]


@pytest.mark.parametrize(("code", "content"), CASES)
def test_a_file_of_another_kind_is_recognised(code: str, content: Any) -> None:
    fault = kind_fault(json.dumps(content).encode())
    assert fault is not None
    assert (fault.code, fault.kind, fault.record) == (code, "file", None)
    assert "2 " in fault.message, "the number of records is said"


@pytest.mark.parametrize(("code", "content"), CASES)
def test_reading_keeps_the_kind_or_is_refused_by_it(code: str, content: Any, write_json) -> None:
    path = write_json(content)
    if isinstance(content, list) or "categories" not in content:
        with pytest.raises(BadJson, match=re.escape(FAULTS[code].remedy[1:])) as refused:
            read_coco(path)
        assert refused.value.code == code
        return
    read = read_coco(path)
    assert read.kind is not None
    assert (read.kind.code, read.faults[0]) == (code, read.kind)
    assert {fault.code for fault in read.faults[1:]} <= IMPLIED[code]
    assert read_document(path).coco.kind == read.kind


@pytest.mark.parametrize(
    "content",
    [
        document([]),
        document(records(segmentation=MASK)),
        document([*records(), *records(segmentation=MASK)]),  # boxes beside masks: the objects that lack one are named
        document(records(bbox=...)),
        document(records(keypoints=[3, 3, 2], segmentation=MASK)),  # as COCO's person_keypoints
        document(records(segmentation=MASK), of_lvis(neg_category_ids=...)),
        document(records(segmentation=MASK), of_lvis(file_name="1.jpg")),
        [],
        [{"data": {"image": "1.jpg"}}],
        {"images": 5},
        "text",
    ],
)
def test_other_files_are_of_no_other_kind(content: Any) -> None:
    assert kind_fault(json.dumps(content).encode()) is None


def test_a_file_that_needs_repair_is_recognised_too(tmp_path: Path) -> None:
    text = json.dumps(document(records())).replace("[1, 1, 8, 8]", "[1, 1, NaN, 8,]")
    (tmp_path / "labels.json").write_text(text, encoding="utf-8")
    kind = read_coco(tmp_path / "labels.json").kind
    assert kind is not None
    assert kind.code == "boxes_file"


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("null", True),
        ("[]", True),
        ("[ [ ] ]", True),
        ("{}", True),
        ('""', True),
        ("[[0]]", False),
        ("0", False),
        ("[" + " " * 40 + "]", False),  # looked at in full where it is drawn
    ],
)
def test_a_segmentation_without_content_is_absent(text: str, absent: bool) -> None:
    assert is_absent(msgspec.Raw(text.encode())) == absent
