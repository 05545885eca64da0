from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from maskwright.annotations.coco.categories import class_table
from maskwright.annotations.coco.file import read_coco
from maskwright.progress import Reporter
from maskwright.reports.explore.contact_sheet import COLUMNS, MOST_PICTURES, PICTURES, SHEET, draw_pictures


@pytest.fixture
def pictures(coco, tmp_path: Path):
    """``pictures(classes)`` draws pictures of images, one for each of the sets ``classes`` of classes that it shows.

    The images are called ``names``, by default ``1.png`` and so on, of which those numbered in ``files`` exist.
    """

    def draw(classes, files=None, names=None):
        numbers = range(1, len(classes) + 1)
        annotations = [
            {"image_id": i, "category_id": label}
            for i, labels in zip(numbers, classes, strict=True)
            for label in labels
        ]
        categories = {
            label: f"class {label}" for label in range(1, max(map(max, filter(None, classes)), default=1) + 1)
        }
        images = [{"file_name": name} for name in names] if names else [{}] * len(classes)
        folder = tmp_path / "images"
        folder.mkdir()
        for i in numbers if files is None else files:
            cv2.imwrite(str(folder / f"{i}.png"), np.full((48, 64, 3), 2 * i, np.uint8))
        read = read_coco(coco(*annotations, images=images, categories=categories))
        table = class_table(read)
        order = list(range(1, len(table) + 1))
        found, remarks = draw_pictures(
            read, table, order, [set(labels) for labels in classes], folder, tmp_path / "out", Reporter(quiet=True)
        )
        return found, remarks, tmp_path / "out" / SHEET

    return draw


def captions(found):
    return [tile.picture.caption for tile in found.tiles]


def test_images_that_show_more_classes_come_first_and_the_sheet_is_written(pictures):
    found, remarks, sheet = pictures([[1], [1, 2], [3], []])
    assert captions(found) == ["2.png", "3.png", "1.png"]
    assert remarks == []
    assert Image.open(sheet).mode == "RGB"


def test_no_more_pictures_than_are_worth_looking_at(pictures):
    found, _, _ = pictures([[1, 2]] * 60)
    assert len(found.tiles) == PICTURES


def test_more_pictures_while_they_show_new_classes_and_then_full_rows(pictures):
    found, remarks, _ = pictures([[label] for label in range(1, 29)] + [[1]] * 60)
    assert len(found.tiles) == 30
    assert len(found.tiles) % COLUMNS == 0
    assert remarks == []


def test_classes_beyond_the_most_pictures_are_named(pictures):
    found, remarks, _ = pictures([[label] for label in range(1, 71)])
    assert len(found.tiles) == MOST_PICTURES
    assert remarks == [f"Without a picture: {', '.join(f'class {i}' for i in range(49, 61))} and 10 more."]


def test_an_image_that_is_missing_is_replaced_and_named(pictures):
    found, remarks, _ = pictures([[1, 2], [1], [2]], files=[2, 3])
    assert captions(found) == ["2.png", "3.png"]
    assert remarks[0].startswith("image 1 has no picture: ")
    assert "1.png" in remarks[0]
    assert remarks[1].startswith("1 of the 3 ")
    # The page may be shown to others: it names no folder of this machine.
    assert not any("/" in remark for remark in found.remarks)


def test_a_wrong_folder_is_given_up_after_some_images(pictures):
    found, remarks, sheet = pictures([[1]] * 90, files=[])
    assert found.wanted
    assert not found.tiles
    assert not sheet.exists()
    assert len([remark for remark in remarks if remark.startswith("image ")]) == 24
    assert found.remarks[0].startswith("24 of the 24 ")
    assert found.remarks[1] == "Without a picture: class 1."


@pytest.mark.parametrize("name", ["../outside.png", "/etc/hostname", "x" * 900, "1.png/2.png"])
def test_a_name_that_leads_out_or_nowhere_costs_only_its_picture(pictures, tmp_path, name):
    cv2.imwrite(str(tmp_path / "outside.png"), np.zeros((48, 64, 3), np.uint8))
    found, remarks, _ = pictures([[1], [2]], names=[name, "2.png"])
    assert captions(found) == ["2.png"]
    assert remarks[0].startswith("image 1 has no picture: ")


def test_the_most_frequent_classes_get_the_first_colours(coco, tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((48, 64, 3), np.uint8))
    read = read_coco(coco({"category_id": 1}, {"category_id": 2}))
    table = class_table(read)
    colors = {}
    for order in ([1, 2], [2, 1]):
        found, _ = draw_pictures(read, table, order, [{1, 2}], tmp_path, tmp_path / "out", Reporter(quiet=True))
        colors[order[0]] = dict(found.tiles[0].classes)
    assert colors[1]["person"] == colors[2]["dog"]
    assert colors[1]["dog"] == colors[2]["person"]


def test_tiles_of_larger_images_link_them_in_full_resolution(coco, tmp_path: Path) -> None:
    read = read_coco(coco({"image_id": 1, "category_id": 1}, images=[{"height": 480, "width": 640}]))
    cv2.imwrite(str(tmp_path / "1.png"), np.full((480, 640, 3), 90, np.uint8))
    out, table = tmp_path / "out" / "figures", class_table(read)
    found, _ = draw_pictures(read, table, list(range(1, len(table) + 1)), [{1}], tmp_path, out, Reporter(quiet=True))
    (picture,) = [tile.picture for tile in found.tiles]
    assert (picture.file, picture.full_width, picture.full_height) == ("figures/pictures/1.jpg", 640, 480)
    assert Image.open(out.parent / picture.file).size == (640, 480)
