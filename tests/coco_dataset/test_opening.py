import json
from pathlib import Path

import pytest

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.coco_dataset.opening import part_of, read_checked
from maskwright.errors import DataError, UsageError
from tests.conftest import CocoFactory


def test_a_file_without_faults_is_kept_record_for_record(labels: Path):
    document, exclusions = read_checked(labels, labels.parent / "images")
    audit, excluded = exclusions.audit, exclusions.excluded
    content = json.loads(labels.read_bytes())
    assert [json.loads(bytes(raw)) for raw in document.annotations] == content["annotations"]
    assert (audit.found, excluded) == (0, {})


@pytest.mark.parametrize("spoil", ["missing_image", "truncated_image", "unreadable_image", "image_size"])
def test_an_image_that_cannot_be_used_is_left_out_with_its_annotations(labels: Path, spoil: str):
    image = labels.parent / "images" / "000003.jpg"
    content = image.read_bytes()
    if spoil == "missing_image":
        image.unlink()
    elif spoil == "truncated_image":
        image.write_bytes(content[: len(content) // 2])
    elif spoil == "unreadable_image":
        image.write_bytes(b"no picture")
    else:
        other = labels.parent / "images" / "000004.jpg"
        image.write_bytes(other.read_bytes())
    document, exclusions = read_checked(labels, labels.parent / "images")
    audit, excluded = exclusions.audit, exclusions.excluded
    listed = [each for each in json.loads(labels.read_bytes())["annotations"] if each["image_id"] == 4]
    assert excluded == {spoil: ["000003.jpg"]}
    assert dict(audit.skipped) == ({spoil: len(listed)} if listed else {})
    assert audit.found == len(listed)
    assert [fault.code for fault in audit.faults] == [spoil]
    assert {image.id for image in document.coco.images} == set(range(1, 13)) - {4}
    assert all(each.image_id != 4 for each in document.coco.annotations)
    assert len(document.annotations) == len(document.coco.annotations)


def test_records_that_do_not_fit_are_left_out_and_written_no_more(coco: CocoFactory, tmp_path: Path):
    path = coco({}, {"image_id": 9}, {"category_id": 9}, {"id": 1}, images=[{}, {"height": 0}])
    document, exclusions = read_checked(path, None)
    audit, excluded = exclusions.audit, exclusions.excluded
    assert excluded == {"bad_image": ["image 2"]}
    assert dict(audit.skipped) == {"unknown_image": 1, "unknown_category": 1, "duplicate_id": 1}
    assert [json.loads(bytes(raw))["id"] for raw in document.annotations] == [1]
    written = CocoDataset.open(path).to_json(tmp_path / "clean.json")
    assert read_checked(written, None)[1].audit.faults == []


def test_a_folder_with_none_of_the_images_is_refused(labels: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"none of its 12 images.*000000\.jpg"):
        read_checked(labels, tmp_path / "empty")


def test_what_does_not_exist_is_refused(labels: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="nowhere"):
        read_checked(tmp_path / "nowhere.json", None)
    with pytest.raises(UsageError, match="nowhere"):
        read_checked(labels, tmp_path / "nowhere")


def test_a_part_has_the_records_of_its_ids_in_the_order_of_the_file(labels: Path):
    whole, _ = read_checked(labels, None)
    some = [each.id for each in whole.coco.annotations if each.image_id in (2, 5)]
    part = part_of(whole, [5, 2], some[::-1])
    assert [image.id for image in part.coco.images] == [2, 5]
    assert [each.id for each in part.coco.annotations] == some
    assert [json.loads(bytes(raw))["id"] for raw in part.annotations] == some
    assert part.coco.categories == whole.coco.categories
