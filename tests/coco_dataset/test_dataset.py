import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.errors import DataError, UsageError
from maskwright.workflows.split import split
from maskwright.workflows.subset import subset
from tests.conftest import CocoFactory


def content(path: Path) -> dict[str, Any]:
    return json.loads(path.read_bytes())


def ids(data: CocoDataset) -> list[int]:
    return [sample.id for sample in data]


def test_images_are_indexed_by_position_name_and_slice(data: CocoDataset):
    assert len(data) == 12
    assert data[0].name == data[-12].name == "000000.jpg"
    assert data["000011.jpg"].id == data[-1].id == 12
    assert ids(data[2:6:2]) == [3, 5]
    assert data.names == [sample.name for sample in data]
    assert "000003.jpg" in data
    assert "3.jpg" not in data
    assert 3 not in data


def test_what_is_not_there_is_refused(data: CocoDataset):
    with pytest.raises(IndexError, match="12"):
        _ = data[12]
    with pytest.raises(UsageError, match=r"000001\.jpg"):
        _ = data["00001.jpg"]


def test_classes_are_those_of_the_file_by_ascending_id(data: CocoDataset):
    assert data.classes.names == ["disc", "square", "triangle", "ring"]
    assert [c.source_ids for c in data.classes] == [(3,), (7,), (11,), (20,)]


def test_every_annotation_of_the_file_is_accounted_for(coco: CocoFactory):
    faulty = [{}, {"image_id": 9}, {"segmentation": [[1, 2]]}, {"segmentation": []}, {"category_id": 2}]
    data = CocoDataset.open(coco(*faulty))
    assert data.audit.adds_up
    assert (data.audit.found, data.audit.used) == (5, 2)
    assert {fault.code for fault in data.audit.faults} == {"unknown_image", "bad_polygon", "empty_segmentation"}


def test_a_missing_image_is_in_the_account_of_what_is_selected_later(labels: Path):
    (labels.parent / "images" / "000000.jpg").unlink()
    data = CocoDataset.open(labels, images=labels.parent / "images")
    for each in (data, data.select(classes=["disc"], max_images=3, seed=1)):
        assert each.audit.adds_up
        assert each.audit.found == len(content(labels)["annotations"])
        assert each.excluded["missing_image"] == ["000000.jpg"]
        assert len(each) + sum(map(len, each.excluded.values())) == 12
        assert [fault.code for fault in each.audit.faults] == ["missing_image"]


def test_parts_have_an_account_of_their_own_images(coco: CocoFactory):
    images = [{}, {}, {"height": 0}]
    data = CocoDataset.open(coco({}, {"segmentation": []}, {"image_id": 2}, {"image_id": 3}, images=images))
    assert (data.audit.found, data.audit.used) == (4, 2)
    parts = data.split("1:1")
    assert sum(part.audit.found for part in parts) == 3
    assert sum(part.audit.used for part in parts) == 2
    assert (data[:1].audit.found, dict(data[:1].audit.skipped)) == (2, {"empty_segmentation": 1})
    assert [part.excluded for part in parts] == [{}, {}]
    assert parts[0].merge(parts[1]).audit.found == 3


@pytest.mark.parametrize(
    "options",
    [
        {"classes": ["ring", "disc"]},
        {"classes": ["ring"], "keep_empty": True},
        {"max_images": 5, "seed": 3},
        {"max_images": 4, "at_least": {"triangle": 3}},
        {"drop_crowd": True, "max_instances": 3},
        {"drop_crowd_images": True},
    ],
    ids=str,
)
def test_a_selection_is_the_file_that_maskwright_subset_writes(
    data: CocoDataset, labels: Path, tmp_path: Path, options: dict[str, Any]
):
    summary = subset(labels, tmp_path / "subset.json", **options)
    chosen = data.select(**options)
    assert chosen.to_json(tmp_path / "chosen.json").read_bytes() == (tmp_path / "subset.json").read_bytes()
    assert chosen.audit.to_json() == summary.audit.to_json() | {"faults": chosen.audit.to_json()["faults"]}
    by_name = {image["id"]: image["file_name"] for image in content(labels)["images"]}
    assert chosen.excluded == {why: [by_name[i] for i in left] for why, left in summary.skipped_images.items()}
    assert len(data) == 12, "the data set itself stays as it is"


def test_a_selection_without_an_image_or_of_an_unknown_class_is_refused(data: CocoDataset, coco: CocoFactory):
    with pytest.raises(UsageError, match="ring"):
        data.select(classes=["rings"])
    with pytest.raises(DataError, match="1 image_with_too_many_instances"):
        CocoDataset.open(coco({}, {})).select(max_instances=1)


@pytest.mark.parametrize("images", [True, False], ids=["with pictures", "by names alone"])
def test_parts_are_the_files_that_maskwright_split_writes(labels: Path, tmp_path: Path, images: bool):
    copied = labels.parent / "images" / "000005.jpg"
    (labels.parent / "images" / "000001.jpg").write_bytes(copied.read_bytes())
    document = content(labels)
    size = {key: document["images"][5][key] for key in ("height", "width")}
    document["images"][1] |= size
    document["annotations"] = [each for each in document["annotations"] if each["image_id"] != 2]
    labels.write_text(json.dumps(document))
    folder = labels.parent / "images" if images else None
    summary = split(labels, tmp_path / "parts", ratios=(6, 4, 2), images=folder, seed=5)
    parts = CocoDataset.open(labels, images=folder).split("6:4:2", seed=5)
    for part, name in zip(parts, summary.images, strict=True):
        written = tmp_path / "parts" / f"{name}.json"
        assert part.to_json(tmp_path / "part.json").read_bytes() == written.read_bytes()
    assert sum(map(len, parts)) == 12
    if images:
        assert any({2, 6} <= set(ids(part)) for part in parts), "one picture under two names"


def test_pictures_need_not_be_compared(data: CocoDataset, tmp_path: Path, labels: Path):
    by_name = CocoDataset.open(labels).split((3, 1), seed=2)
    assert [ids(part) for part in data.split((3, 1), seed=2, compare_pictures=False)] == [ids(p) for p in by_name]


def test_images_of_one_group_stay_together(labels: Path):
    document = content(labels)
    for image in document["images"]:
        image["camera"] = f"camera {image['id'] % 3}"
    labels.write_text(json.dumps(document))
    parts = CocoDataset.open(labels).split("1:1", groups="camera")
    cameras = [{image_id % 3 for image_id in ids(part)} for part in parts]
    assert cameras[0] & cameras[1] == set()


def test_a_part_without_an_image_is_refused(data: CocoDataset):
    with pytest.raises(DataError, match="part 2 of 2"):
        data[:1].split("1:1")
    with pytest.raises(UsageError, match="8:2:x"):
        data.split("8:2:x")


def test_a_data_set_comes_back_from_its_json(data: CocoDataset, labels: Path, tmp_path: Path):
    path = data.to_json(str(tmp_path / "new" / "copy.json"))
    assert content(path) == content(labels)
    again = CocoDataset.open(path, images=labels.parent / "images")
    assert again.classes == data.classes
    assert [(a.name, a.instances == b.instances) for a, b in zip(again, data, strict=True)] == [
        (name, True) for name in data.names
    ]


def test_a_folder_is_no_file_to_write(data: CocoDataset, tmp_path: Path):
    with pytest.raises(UsageError, match="is a folder"):
        data.to_json(tmp_path)


def test_a_class_called_background_is_refused_where_labels_are_needed(coco: CocoFactory):
    data = CocoDataset.open(coco({}, {"category_id": 2}, categories={1: "person", 2: "background"}))
    with pytest.raises(DataError, match="background"):
        _ = data.classes
    assert data.select(classes=["person"]).classes.names == ["person"]
