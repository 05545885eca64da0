import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.errors import DataError
from maskwright.synthetic.shapes import write_shapes
from tests.conftest import CocoFactory, WriteJson


def names_of(data: CocoDataset) -> list[tuple[str, list[str]]]:
    """The file name of each image and the classes of its objects."""
    return [(s.name, [data.classes.names[label - 1] for label in s.instances.labels]) for s in data]


def renamed(folder: Path, images: int, seed: int) -> CocoDataset:
    """Drawn images with names of their own, and the classes in another order with other ids."""
    path = write_shapes(folder, images, seed)
    document = json.loads(path.read_bytes())
    for image in document["images"]:
        new = f"other-{image['file_name']}"
        (folder / "images" / image["file_name"]).rename(folder / "images" / new)
        image |= {"file_name": new, "id": image["id"] * 10}
    for each in document["annotations"]:
        each |= {"image_id": each["image_id"] * 10, "category_id": 100 - each["category_id"]}
    for category in document["categories"]:
        category["id"] = 100 - category["id"]
    document["categories"].append({"id": 500, "name": "star"})
    path.write_text(json.dumps(document))
    return CocoDataset.open(path, images=folder / "images")


def test_merged_images_keep_their_objects_classes_and_pixels(data: CocoDataset, tmp_path: Path):
    other = renamed(tmp_path / "other", 5, seed=3)
    both = data.merge(other)
    assert len(both) == 17
    assert names_of(both) == names_of(data) + names_of(other)
    assert both.classes.names == ["disc", "square", "triangle", "ring", "star"]
    for sample in other:
        twin = both[sample.name]
        assert twin.instances.dense().tolist() == sample.instances.dense().tolist()
        assert (twin.image == sample.image).all()
    assert both.audit.adds_up
    assert both.audit.found == data.audit.found + other.audit.found
    assert (len(data), len(other)) == (12, 5)


def test_a_merged_data_set_comes_back_from_its_json(data: CocoDataset, tmp_path: Path):
    both = data.merge(renamed(tmp_path / "other", 5, seed=3))
    again = CocoDataset.open(both.to_json(tmp_path / "both.json"))
    assert names_of(again) == names_of(both)
    assert again.audit.faults == []
    assert again.coco.annotations == both.coco.annotations


def test_parts_merge_to_the_whole(data: CocoDataset):
    train, validation = data.split("3:1")
    whole = train.merge(validation)
    assert sorted(names_of(whole)) == sorted(names_of(data))
    assert whole.split("3:1", seed=4)[0].audit.adds_up


def test_images_of_one_name_are_refused(data: CocoDataset):
    with pytest.raises(DataError, match=r"000003\.jpg"):
        data[:5].merge(data[3:])


@pytest.fixture
def licensed(write_json: WriteJson) -> Any:
    def write(name: str, licences: list[dict[str, Any]]) -> CocoDataset:
        image = {"id": 0, "file_name": f"{name}.png", "height": 4, "width": 4, "license": 1, "taken": "2020"}
        document = {"info": {"of": name}, "licenses": licences, "images": [image], "annotations": []}
        return CocoDataset.open(write_json(document | {"categories": []}, f"{name}.json"))

    return write


def test_licences_stay_those_of_their_images(licensed: Any, tmp_path: Path):
    first, second = licensed("a", [{"id": 1, "name": "free"}]), licensed("b", [{"id": 1, "name": "not free"}])
    document = json.loads(first.merge(second).to_json(tmp_path / "both.json").read_bytes())
    assert document["info"] == {"of": "a"}
    names = {each["id"]: each["name"] for each in document["licenses"]}
    assert [(i["file_name"], names[i["license"]], i["taken"]) for i in document["images"]] == [
        ("a.png", "free", "2020"),
        ("b.png", "not free", "2020"),
    ]


def test_equal_licences_are_listed_once(licensed: Any, tmp_path: Path):
    same = [{"id": 1, "name": "free"}]
    document = json.loads(licensed("a", same).merge(licensed("b", same)).to_json(tmp_path / "both.json").read_bytes())
    assert document["licenses"] == same
    assert [image["license"] for image in document["images"]] == [1, 1]


def test_categories_that_share_a_new_name_become_one(coco: CocoFactory):
    first = CocoDataset.open(coco({}, name="first.json"))
    second = CocoDataset.open(
        coco(
            {"category_id": 7},
            {"category_id": 8},
            images=[{"file_name": "other.png"}],
            categories={7: "cat", 8: " cat ", 1: "dog"},
            name="second.json",
        )
    )
    both = first.merge(second)
    assert both.classes.names == ["person", "dog", "cat"]
    assert names_of(both)[1] == ("other.png", ["cat", "cat"])
