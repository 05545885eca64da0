import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskwright.annotations.checks.examination import Examination, examine
from maskwright.annotations.coco.document import read_document, write_coco
from maskwright.annotations.faults import FAULTS
from maskwright.annotations.repair.document import NOT_REPAIRED_BECAUSE, RepairedDocument, repair_document

SQUARE = [[10, 10, 30, 10, 30, 30, 10, 30]]
BOXED = {"segmentation": SQUARE, "bbox": [10, 10, 20, 20], "area": 400}


def repaired(path: Path, images: Path | None = None) -> tuple[RepairedDocument, Path, Examination]:
    """The repair of the file at ``path``, the file it writes, and what examining that finds."""
    document = read_document(path)
    result = repair_document(document, examine(document.coco, images), images)
    out = path.with_name(f"repaired-{path.name}")
    write_coco(out, result.images, result.annotations, result.categories, result.head)
    return result, out, examine(read_document(out).coco, images)


def made(result: RepairedDocument) -> list[tuple[str, Any]]:
    return [(each.code, each.record) for each in result.repairs]


def test_a_sound_file_is_written_as_it_is(coco: Callable[..., Path]):
    path = coco(BOXED, BOXED | {"id": 5, "segmentation": [[1, 1, 9, 1, 9, 9]], "bbox": [1, 1, 8, 8], "area": 32})
    result, out, _ = repaired(path)
    assert (result.repairs, result.removed) == ([], 0)
    assert json.loads(out.read_text()) == json.loads(path.read_text())


def test_the_text_itself_is_put_right_and_told(coco: Callable[..., Path]):
    path = coco(BOXED, categories={1: "dog"})
    text = path.read_text().replace('"area": 400', '"area": 400, "mine": NaN')[:-1] + ",}"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    result, out, again = repaired(path)
    assert made(result) == [
        ("json_gzip", None),
        ("json_bom", None),
        ("json_not_finite", 1),
        ("json_trailing_comma", None),
    ]
    assert json.loads(out.read_bytes())["annotations"][0]["mine"] is None
    assert again.findings.codes() == []


def test_images_and_categories_are_put_right_too(coco: Callable[..., Path], tmp_path: Path):
    (tmp_path / "images").mkdir()
    path = coco({"image_id": "1"} | BOXED, images=[{"id": "1", "file_name": "sub\\1.png", "width": 64.0}])
    text = path.read_text().replace('{"id": 2, "name": "dog"}', '{"id": 1, "name": "person"}')
    path.write_text(text)
    result, out, again = repaired(path)
    assert made(result) == [
        *[("string_id", "1"), ("odd_number", "1"), ("backslash_path", "1"), ("duplicate_id", 1), ("string_id", 1)]
    ]
    assert json.loads(out.read_text())["images"][0]["file_name"] == "sub/1.png"
    assert again.findings.codes() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"image_id": 9}, "unknown_image"),
        ({"category_id": 9}, "unknown_category"),
        ({"category_id": ...}, "bad_annotation"),
        ({"segmentation": [[1, 2, 3, 4]]}, "bad_polygon"),
        ({"segmentation": {"size": [64, 48], "counts": [3072]}}, "rle_size"),
        ({"segmentation": {"size": [48, 64], "counts": [5]}}, "rle_counts"),
        ({"iscrowd": 2}, "bad_iscrowd"),
    ],
    ids=str,
)
def test_what_is_ambiguous_stays_to_the_letter_with_the_reason_known(
    coco: Callable[..., Path], changes: dict[str, Any], code: str
):
    path = coco(BOXED, BOXED | {"id": 2} | changes)
    result, out, again = repaired(path)
    assert result.repairs == []
    assert json.loads(out.read_text())["annotations"] == json.loads(path.read_text())["annotations"]
    assert code in again.findings.codes()
    assert code in NOT_REPAIRED_BECAUSE


def test_image_records_that_share_an_id_but_differ_stay(coco: Callable[..., Path]):
    result, _, again = repaired(coco(BOXED, images=[{}, {"id": 1, "width": 65}, {"id": 1}]))
    assert made(result) == []
    assert again.findings.counts["duplicate_id"] == 2


def test_a_file_of_boxes_keeps_its_annotations(coco: Callable[..., Path]):
    path = coco(*[{"segmentation": [], "bbox": [1, 1, 5, 5], "area": 25}] * 3)
    result, _, again = repaired(path)
    assert result.removed == 0
    assert again.findings.counts["boxes_file"] == again.findings.number("error") == 1
    assert again.audit.skipped == {"boxes_file": 3}


def test_objects_without_a_mask_stay_where_no_object_of_the_file_has_one(coco: Callable[..., Path]):
    result, _, again = repaired(coco(*[{"segmentation": []}] * 3))
    assert result.removed == 0
    assert again.findings.counts["empty_segmentation"] == 3


def test_new_ids_are_above_every_id_of_the_file_even_of_records_left_out(coco: Callable[..., Path]):
    path = coco(BOXED | {"id": 0}, BOXED | {"id": 70, "image_id": 9}, BOXED | {"id": 5})
    _, out, _ = repaired(path)
    assert [each["id"] for each in json.loads(out.read_text())["annotations"]] == [71, 70, 5]


def test_every_reason_is_of_a_fault_of_the_catalogue():
    assert set(NOT_REPAIRED_BECAUSE) <= set(FAULTS)


VALUES = {
    "id": [1, 1, 2, 3, 0, -1, "4", 5.0, None, "uuid", [1, 2], ...],
    "image_id": [1, 1, 1, "1", 1.0, 9, None, ...],
    "category_id": [1, 1, 1, 2, "1", 9, ...],
    "segmentation": [
        *(SQUARE, SQUARE, SQUARE[0], [SQUARE[0], [1, 2]], [[1, 2]], [[]], [], None, ..., [[float("nan")] * 6], "text"),
        *({"size": [48, 64], "counts": [3072]}, {"size": [48, 64], "counts": [480, 48, 2544]}, {"size": [1, 1]}),
        [[-9, -9, 99, -9, 99, 99]],
        [[1e308, -1e308] * 4],
    ],
    "bbox": [
        [10, 10, 20, 20],
        [10, 10, 30, 30],
        [1, 2, 3],
        [9, 9, -1, 5],
        [1, [[1]], 2, 2],
        None,
        "none",
        [float("nan")] * 4,
        ...,
    ],
    "area": [400, 0, -1, -1e308, None, "large", float("inf"), ...],
    "iscrowd": [0, 0, 1, 2, "1", 0.0, None, True, "no", ...],
}
RECORDS = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()})


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RECORDS, min_size=1, max_size=6))
def test_every_annotation_is_accounted_for_and_what_is_repaired_needs_no_repair(tmp_path: Path, records: list[Any]):
    document = {
        "images": [{"id": 1, "file_name": "1.png", "height": 48, "width": 64}],
        "annotations": [{name: value for name, value in record.items() if value is not ...} for record in records],
        "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "dog"}],
    }
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(document))
    before = examine(read_document(path).coco)
    result, out, again = repaired(path)
    assert before.audit.adds_up
    assert again.audit.adds_up
    assert before.audit.found == len(records) == again.audit.found + result.removed
    assert again.audit.used >= before.audit.used - sum(each.code == "duplicate_id" for each in result.repairs)
    second, _, _ = repaired(out)
    assert made(second) == []


def test_control_characters_leave_names_unless_another_category_has_the_name_then(coco: Callable[..., Path]):
    names = {1: "hot\r\ndog", 2: "cat\x1b[2J", 3: "co\x07w", 4: "cow", 5: "\n", 6: "zebra"}
    result, out, again = repaired(coco(*({"category_id": number} | BOXED for number in names), categories=names))
    assert made(result) == [("control_in_name", 1), ("control_in_name", 2)]
    written = {each["id"]: each["name"] for each in json.loads(out.read_bytes())["categories"]}
    assert written == names | {1: "hot dog", 2: "cat[2J"}
    assert again.findings.number("error") == 2
    assert "control_in_name" in NOT_REPAIRED_BECAUSE
