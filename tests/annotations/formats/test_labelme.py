import json
from pathlib import Path
from typing import Any

import pytest
from pycocotools import mask as oracle

from maskwright.annotations.formats.dataset import ReadOptions
from maskwright.annotations.formats.labelme import read
from maskwright.errors import DataError, UsageError
from tests.annotations.formats.examples import codes, read_all, write_blank

TRIANGLE = [[2, 3], [9, 3], [9, 8]]
OTHER = [[30, 30], [40, 30], [40, 40]]


def shape(label: str = "dog", points: Any = TRIANGLE, **fields: Any) -> dict[str, Any]:
    return {"label": label, "points": points, "shape_type": "polygon", "group_id": None, "flags": {}, **fields}


def write(root: Path, *shapes: Any, name: str = "a.json", **fields: Any) -> Path:
    content = {"version": "5.5.0", "flags": {}, "shapes": list(shapes), "imagePath": "a.jpg", "imageData": None}
    size = {"imageHeight": 48, "imageWidth": 64}
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(json.dumps({**content, **size, **fields}))
    return root


def test_shapes_of_one_label_and_group_are_one_object_in_the_order_of_their_first(tmp_path: Path):
    shapes = [shape(group_id=1), shape("cat", group_id=1), shape(), shape(points=OTHER, group_id=1), shape()]
    dataset = read(write(tmp_path, *shapes), ReadOptions())
    (image,) = read_all(dataset)
    assert dataset.classes == ["cat", "dog"]
    assert [(each.name, len(each.polygons or ())) for each in image.objects] == [
        *(("dog", 2), ("cat", 1)),
        *(("dog", 1), ("dog", 1)),
    ]
    polygons = [[2, 3, 9, 3, 9, 8], [30, 30, 40, 30, 40, 40]]
    assert image.objects[0].rle == oracle.merge(oracle.frPyObjects(polygons, 48, 64))


def test_shapes_that_are_no_area_are_named_by_file_and_number(tmp_path: Path):
    dataset = read(write(tmp_path, shape(), shape(shape_type="line"), "x", name="deep/a.json"), ReadOptions())
    (image,) = read_all(dataset)
    assert len(image.objects) == 1
    assert [(f.code, f.record) for f in dataset.audit.objects.faults] == [
        ("unsupported_shape", "deep/a.json:1"),
        ("bad_shape", "deep/a.json:2"),
    ]


@pytest.mark.parametrize(
    ("json_name", "image_path", "expected"),
    [
        ("a.json", "a.jpg", "a.jpg"),
        ("deep/a.json", "a.jpg", "deep/a.jpg"),
        ("labels/a.json", "../images/a.jpg", "images/a.jpg"),
        ("labels/a.json", "..\\images\\a.jpg", "images/a.jpg"),
        ("a.json", "../../secret/a.jpg", "a.jpg"),
        ("a.json", "/home/me/a.jpg", "a.jpg"),
        ("a.json", "", "a.jpg"),
        ("a.json", None, "a.jpg"),
        ("a.json", "n" * 1001, "a.jpg"),
        ("a.json", "/home/me/a\0.jpg", "a.jpg"),
    ],
)
def test_an_image_is_called_as_seen_from_the_folder_and_never_from_outside(
    tmp_path: Path, json_name: str, image_path: str | None, expected: str
):
    (image,) = read_all(read(write(tmp_path, shape(), name=json_name, imagePath=image_path), ReadOptions()))
    assert image.file_name == expected


def test_a_size_that_is_missing_comes_from_the_image(tmp_path: Path):
    write(tmp_path, shape(), imageHeight=None, imagePath="a.png")
    dataset = read(tmp_path, ReadOptions())
    assert read_all(dataset) == []
    assert dataset.audit.objects.skipped == {"missing_image": 1}
    write_blank(tmp_path / "a.png", 20, 30)
    (image,) = read_all(read(tmp_path, ReadOptions()))
    assert (image.height, image.width, image.path) == (20, 30, tmp_path / "a.png")


@pytest.mark.parametrize(
    ("size", "code"), [((-5, -5), "missing_image"), ((2**20, 2**20), "image_size"), ((0, 4), "missing_image")]
)
def test_a_size_that_no_image_has_is_named(tmp_path: Path, size: tuple[int, int], code: str):
    dataset = read(write(tmp_path, shape(), imageHeight=size[0], imageWidth=size[1]), ReadOptions())
    assert read_all(dataset) == []
    assert codes(dataset) == [code]


def test_files_that_are_not_labelme_s_are_named(tmp_path: Path):
    write(tmp_path, shape())
    for name, content in (("b", "{"), ("c", "[]"), ("d", '{"shapes": 1}'), ("e", "[" * 100_000)):
        (tmp_path / f"{name}.json").write_text(content)
    dataset = read(tmp_path, ReadOptions())
    assert len(read_all(dataset)) == 1
    assert [(f.code, f.record) for f in dataset.audit.objects.faults] == [
        ("unreadable_file", f"{name}.json") for name in "bcde"
    ]


def test_two_files_about_one_image_are_not_both_used(tmp_path: Path):
    write(tmp_path, shape())
    dataset = read(write(tmp_path, shape(), shape(), name="b.json"), ReadOptions())
    assert len(read_all(dataset)) == 1
    assert dataset.audit.objects.skipped == {"repeated_image": 2}
    assert "image b.json is about the image 'a.jpg', as a.json is" in str(dataset.audit.objects.faults[0])


def test_folders_called_train_and_val_are_parts_when_there_is_nothing_else(tmp_path: Path):
    write(tmp_path, shape(), name="train/a.json")
    write(tmp_path, shape(), name="val/a.json")
    assert [(image.part, image.file_name) for image in read_all(read(tmp_path, ReadOptions()))] == [
        *(("train", "a.jpg"), ("val", "a.jpg")),
    ]
    write(tmp_path, shape(), name="extra/b.json", imagePath="b.jpg")
    assert {image.file_name for image in read_all(read(tmp_path, ReadOptions()))} == {
        *("train/a.jpg", "val/a.jpg", "extra/b.jpg"),
    }


def test_flags_and_descriptions_are_counted(tmp_path: Path):
    dataset = read(write(tmp_path, shape(description="x"), flags={"night": True, "day": False}), ReadOptions())
    read_all(dataset)
    assert dataset.audit.fields == {"file.flags.night": 1, "shape.description": 1}


def test_chosen_classes_alone_are_read(tmp_path: Path):
    dataset = read(write(tmp_path, shape(), shape("cat")), ReadOptions(classes=["cat"]))
    assert [each.name for each in read_all(dataset)[0].objects] == ["cat"]
    with pytest.raises(UsageError, match=r"'dgo'.*Nearest: dog"):
        read(tmp_path, ReadOptions(classes=["dgo"]))


def test_a_folder_without_json_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="holds no JSON files"):
        read(tmp_path, ReadOptions())
