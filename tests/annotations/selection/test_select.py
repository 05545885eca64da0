import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.annotations.coco.categories import class_table
from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.selection.select import Selection, SelectionRules, class_statistics, select
from maskwright.errors import DataError


def chosen(path: Path, choice: SelectionRules | None = None, folder: Path | None = None, classes=None) -> Selection:
    coco = read_coco(path)
    return select(coco, class_table(coco, classes), folder, choice)


def ids(selection: Selection) -> list[int]:
    return [objects.image.id for objects in selection.images]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with 1.png to 4.png of 48 × 64 pixels (height × width)."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(1, 5):
        cv2.imwrite(str(folder / f"{number}.png"), np.zeros((48, 64, 3), np.uint8))
    return folder


FOUR = [{}, {}, {}, {}]


def test_every_image_is_used_unless_asked_otherwise(coco, pictures: Path):
    selection = chosen(coco({}, {"image_id": 3}, images=FOUR), folder=pictures)
    assert ids(selection) == [1, 2, 3, 4]
    assert selection.skipped_images == {}
    assert (selection.audit.used, selection.audit.adds_up) == (2, True)


def missing(folder: Path) -> None:
    (folder / "2.png").unlink()


def empty(folder: Path) -> None:
    (folder / "2.png").write_bytes(b"")


def text(folder: Path) -> None:
    (folder / "2.png").write_text("not an image")


def cut(folder: Path) -> None:
    content = (folder / "2.png").read_bytes()
    (folder / "2.png").write_bytes(content[:-20])


def other_size(folder: Path) -> None:
    cv2.imwrite(str(folder / "2.png"), np.zeros((64, 48, 3), np.uint8))


def link_to_a_pipe(folder: Path) -> None:
    (folder / "2.png").unlink()
    os.mkfifo(folder.parent / "pipe")
    os.symlink("../pipe", folder / "2.png")


@pytest.mark.parametrize(
    ("spoil", "code", "found"),
    [
        (missing, "missing_image", "has no file '2.png'"),
        (empty, "unreadable_image", "cannot be read as an image"),
        (text, "unreadable_image", "cannot be read as an image"),
        (cut, "truncated_image", "its end is missing"),
        (other_size, "image_size", "48×64 pixels on disk, but 64×48 in the JSON"),
        (link_to_a_pipe, "unreadable_image", "expected a link to a regular file"),
    ],
)
def test_an_image_whose_file_cannot_be_used_is_left_out_by_name(coco, pictures: Path, spoil, code: str, found: str):
    spoil(pictures)
    selection = chosen(coco({}, {"image_id": 2}, {"image_id": 2}, images=FOUR), folder=pictures)
    assert ids(selection) == [1, 3, 4]
    assert selection.skipped_images == {code: [2]}
    (fault,) = selection.audit.faults
    assert (fault.code, fault.kind, fault.record) == (code, "image", 2)
    assert found in str(fault)
    assert "2.png" in str(fault)
    assert (selection.audit.found, selection.audit.used, dict(selection.audit.skipped)) == (3, 1, {code: 2})


def test_a_folder_of_links_is_used_as_one_of_files(coco, pictures: Path, tmp_path_factory: pytest.TempPathFactory):
    links = tmp_path_factory.mktemp("links")
    for picture in pictures.iterdir():
        os.symlink(picture, links / picture.name)
    selection = chosen(coco({}, {"image_id": 2}, images=FOUR), folder=links)
    assert ids(selection) == [1, 2, 3, 4]
    assert (selection.skipped_images, selection.audit.faults) == ({}, [])


def test_a_name_that_no_file_can_have_is_left_out(coco, pictures: Path):
    selection = chosen(coco({}, images=[{"file_name": "x" * 300 + ".png"}]), folder=pictures)
    assert selection.skipped_images == {"missing_image": [1]}
    assert selection.audit.adds_up


def test_a_name_that_leads_out_of_the_folder_is_left_out(coco, pictures: Path):
    (pictures / "1.png").rename(pictures.parent / "secret.png")
    selection = chosen(coco({}, images=[{"file_name": "../secret.png"}]), folder=pictures)
    assert selection.skipped_images == {"unreadable_image": [1]}
    assert selection.audit.adds_up


def test_images_without_objects_of_the_classes_can_be_left_out(coco):
    path = coco({}, {"image_id": 2, "category_id": 2}, {"image_id": 3, "segmentation": []}, images=FOUR)
    selection = chosen(path, SelectionRules(only_with_objects=True), classes=["person"])
    assert ids(selection) == [1]
    assert selection.skipped_images == {"image_without_objects": [2, 3, 4]}
    assert dict(selection.audit.skipped) == {"other_class": 1, "empty_segmentation": 1}
    assert selection.audit.adds_up


def test_images_with_a_crowd_can_be_left_out(coco):
    selection = chosen(
        coco({}, {"image_id": 2}, {"image_id": 2, "iscrowd": 1}, images=FOUR), SelectionRules(drop_crowd_images=True)
    )
    assert ids(selection) == [1, 3, 4]
    assert dict(selection.audit.skipped) == {"image_with_crowd": 2}
    assert (selection.audit.used, selection.audit.adds_up) == (1, True)


def test_images_with_more_than_the_allowed_objects_are_left_out(coco):
    path = coco({}, {}, {"image_id": 2}, {"image_id": 2}, {"image_id": 2}, images=FOUR)
    selection = chosen(path, SelectionRules(max_instances=2))
    assert ids(selection) == [1, 3, 4]
    assert dict(selection.audit.skipped) == {"image_with_too_many_instances": 3}
    assert (selection.audit.used, selection.audit.adds_up) == (2, True)


def test_the_first_images_fill_the_limit_and_the_rest_is_counted(coco):
    path = coco({}, {"image_id": 2}, {"image_id": 3}, {"image_id": 4}, images=FOUR)
    selection = chosen(path, SelectionRules(max_images=2))
    assert ids(selection) == [1, 2]
    assert selection.skipped_images == {"image_beyond_max_images": [3, 4]}
    assert dict(selection.audit.skipped) == {"image_beyond_max_images": 2}
    assert selection.audit.adds_up


def test_images_that_are_left_out_do_not_use_up_the_limit(coco):
    selection = chosen(coco({"image_id": 3}, images=FOUR), SelectionRules(only_with_objects=True, max_images=1))
    assert ids(selection) == [3]


def test_what_was_left_out_while_reading_is_in_the_audit(coco):
    selection = chosen(coco({}, {"image_id": 99}, {"id": "x"}, {"category_id": 99}))
    assert dict(selection.audit.skipped) == {"unknown_image": 1, "bad_annotation": 1, "unknown_category": 1}
    assert (selection.audit.found, selection.audit.used) == (4, 1)


def test_classes_that_the_file_does_not_list_are_named(coco):
    table = class_table(read_coco(coco(categories={1: "cake", 2: "dog"}, name="train.json")))
    assert select(read_coco(coco(categories={5: "dog"})), table).absent_classes == ["cake"]


def test_statistics_count_objects_images_and_pixels_but_no_crowds(coco):
    path = coco({}, {}, {"image_id": 2}, {"category_id": 2, "iscrowd": 1}, images=FOUR)
    selection = chosen(path)
    assert class_statistics(selection.images, selection.table) == {
        "person": {"instances": 3, "images": 2, "pixels": 300},
        "dog": {"instances": 0, "images": 0, "pixels": 0},
    }


@pytest.fixture
def dogs_late(coco) -> Path:
    """Eight images: image 3 and 7 hold a dog, the others a cat; 5 holds both."""
    pets = {1: ["cat"], 2: ["cat"], 3: ["dog"], 4: ["cat"], 5: ["cat", "dog"], 6: ["cat"], 7: ["dog"], 8: []}
    ids_ = {"cat": 1, "dog": 2}
    annotations = [{"image_id": i, "category_id": ids_[name]} for i, names in pets.items() for name in names]
    return coco(*annotations, images=[{}] * 8, categories={1: "cat", 2: "dog"})


@pytest.mark.parametrize(
    ("count", "demand", "expected"),
    [
        (2, {}, [1, 2]),
        (2, {"dog": 1}, [1, 3]),
        (3, {"dog": 1}, [1, 2, 3]),
        (3, {"dog": 2}, [1, 3, 5]),
        (2, {"dog": 1, "cat": 1}, [1, 5]),
        (3, {"dog": 3}, [3, 5, 7]),
        (None, {"dog": 3}, [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_the_first_images_are_changed_no_more_than_what_they_must_hold_requires(dogs_late, count, demand, expected):
    selection = chosen(dogs_late, SelectionRules(max_images=count, at_least=demand))
    assert ids(selection) == expected
    assert selection.audit.adds_up
    assert sorted(selection.skipped_images.get("image_beyond_max_images", [])) == sorted({*range(1, 9)} - {*expected})


def test_what_too_few_images_hold_is_refused(dogs_late):
    with pytest.raises(DataError, match=r"3 of the images to choose from hold 'dog'; expected at least 4"):
        chosen(dogs_late, SelectionRules(max_images=6, at_least={"dog": 4}))
