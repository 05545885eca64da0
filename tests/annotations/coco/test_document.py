import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from maskwright.annotations.coco import document
from maskwright.annotations.coco.document import read_document, records_with_ids, write_coco
from maskwright.annotations.coco.json_text import BadJson

WHOLE = {
    "info": {"year": 2017, "名": "猫"},
    "annotations": [{"id": 3, "image_id": 1, "category_id": 1, "mine": [1.50, 1e3]}],
    "images": [{"id": 1, "file_name": "1.png", "height": 4, "width": 4, "license": None}],
    "licenses": [],
    "categories": [{"id": 1, "name": "dog", "supercategory": "animal"}],
}


def test_a_document_is_read_both_ways_and_everything_else_is_kept(write_json):
    read = read_document(write_json(WHOLE))
    assert [each.id for each in read.coco.annotations] == [3]
    assert {key: json.loads(bytes(value)) for key, value in read.head.items()} == {
        "info": WHOLE["info"],
        "licenses": [],
    }
    assert json.loads(bytes(read.annotations[0])) == WHOLE["annotations"][0]


def test_what_is_written_is_what_was_read_to_the_letter(write_json, tmp_path: Path):
    path = write_json(WHOLE)
    path.write_text(path.read_text().replace("1000.0", "1.0E+3"))
    read = read_document(path)
    write_coco(tmp_path / "new" / "out.json", read.images, read.annotations, read.categories, read.head)
    text = (tmp_path / "new" / "out.json").read_text(encoding="utf-8")
    assert json.loads(text) == WHOLE
    assert "[1.5, 1.0E+3]" in text


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 9])
def test_records_in_any_number_are_written_with_commas_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
):
    monkeypatch.setattr(document, "_AT_ONCE", 2)
    records: list[Any] = [
        {"id": number} if number % 2 else msgspec.Raw(b'{"id":%d}' % number) for number in range(count)
    ]
    write_coco(tmp_path / "out.json", records, [], iter(records))
    written = json.loads((tmp_path / "out.json").read_bytes())
    assert written == {"images": [{"id": i} for i in range(count)], "annotations": [], "categories": written["images"]}


def test_a_compressed_file_with_trailing_commas_is_a_document_too(tmp_path: Path):
    path = tmp_path / "labels.json.gz"
    path.write_bytes(gzip.compress(json.dumps(WHOLE).encode()[:-1] + b",}"))
    read = read_document(path)
    assert [fault.code for fault in read.coco.faults] == ["json_gzip", "json_trailing_comma"]
    assert len(read.images) == 1


def test_what_is_no_document_is_refused(write_json):
    with pytest.raises(BadJson, match="not a COCO file"):
        read_document(write_json({"images": []}))


def test_records_are_found_by_ids_in_any_spelling_and_only_the_first_of_each():
    texts = [b'{"id":1}', b'{"id":"2"}', b'{"id":3.0}', b'{"id":1,"again":1}', b'{"id":"x"}', b"{}", b"5"]
    found = records_with_ids([msgspec.Raw(text) for text in texts], [3, 2, 1, 9])
    assert [bytes(each) for each in found] == texts[:3]
