from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.errors import DataError
from maskwright.images.decode import read_image
from maskwright.reports.pictures.tile import HEIGHT, WIDTH, draw_tile
from maskwright.structures import ClassTable
from tests.reports.explored import objects

TABLE = ClassTable.from_names(["dog", "cat"])
GREY = 100


@pytest.fixture
def folder(tmp_path):
    """``1.png``, 54 × 72 pixels (height × width) of grey: a fifth of a tile."""
    cv2.imwrite(str(tmp_path / "1.png"), np.full((54, 72, 3), GREY, np.uint8))
    return tmp_path


def tile(folder, squares):
    return draw_tile(objects(squares, size=(54, 72)), folder, TABLE)


def test_the_picture_fills_its_room_and_objects_have_the_colour_of_their_class(folder):
    found = tile(folder, [(1, 10, 10, 20), (2, 40, 10, 20)])
    assert found.picture.shape == (HEIGHT, WIDTH, 3)
    for column, color in ((20, TABLE.classes[0].color), (50, TABLE.classes[1].color)):
        blended = (np.array(color) + GREY) / 2
        assert np.abs(found.picture[20 * 5, column * 5] - blended).max() <= 1
    assert (found.picture[0, 0] == GREY).all()


def test_objects_of_one_class_are_outlined_apart(folder):
    found = tile(folder, [(1, 10, 10, 20), (1, 30, 10, 20)])
    row = found.picture[20 * 5].astype(int)
    inside, border = row[20 * 5], row[30 * 5]
    assert np.abs(border - TABLE.classes[0].color).max() <= 1
    assert np.abs(border - inside).max() > 20


def test_a_small_object_stays_visible_on_a_large_one(folder):
    found = tile(folder, [(2, 20, 20, 6), (1, 0, 0, 50)])
    assert np.abs(found.picture[23 * 5, 23 * 5] - (np.array(TABLE.classes[1].color) + GREY) / 2).max() <= 1


def test_crowds_are_hatched_and_counted_apart(folder):
    found = tile(folder, [(2, 40, 10, 5), (1, 0, 0, 30, True)])
    assert (found.instances, found.crowds) == (1, 1)
    assert found.classes == [("cat", TABLE.classes[1].color)]
    patch = found.picture[10:140, 10:140].reshape(-1, 3)
    assert len(np.unique(patch, axis=0)) == 2
    assert (patch.max(axis=1) == patch.min(axis=1)).all()


def test_classes_are_named_by_what_they_cover(folder):
    assert [name for name, _ in tile(folder, [(1, 0, 0, 9), (2, 20, 0, 20), (1, 50, 0, 9)]).classes] == ["cat", "dog"]


def test_more_than_254_objects_keep_their_colours(folder):
    squares = [(1 + (x + y) % 2, 4 * x, 3 * y, 2) for x in range(17) for y in range(17)]
    found = tile(folder, squares)
    assert found.instances == 289
    for x, y in ((0, 0), (16, 15), (16, 16)):
        color = TABLE.classes[(x + y) % 2].color
        assert (
            np.abs(found.picture[(3 * y + 1) * 5, (4 * x + 1) * 5].astype(int) - color).max() <= 1
            or np.abs(found.picture[(3 * y + 1) * 5, (4 * x + 1) * 5] - (np.array(color) + GREY) / 2).max() <= 1
        )


@pytest.mark.parametrize("size", [(400, 100), (100, 400), (1, 900), (27, 36), (540, 720)])
def test_shapes_are_kept_inside_the_room(tmp_path, size):
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((*size, 3), np.uint8))
    height, width = draw_tile(objects([], size=size), tmp_path, TABLE).picture.shape[:2]
    assert height <= HEIGHT
    assert width <= WIDTH
    assert height == HEIGHT or width == WIDTH
    assert height / width == pytest.approx(size[0] / size[1], rel=0.02) or 1 in (height, width)


def test_an_image_of_another_size_is_refused_by_name(folder):
    with pytest.raises(DataError, match=r"1\.png: the image is 72×54 pixels on disk, but 64×48 in the JSON"):
        draw_tile(objects([(1, 0, 0, 9)]), folder, TABLE)


def test_an_image_outside_the_folder_is_not_read(folder):
    image = objects([], size=(54, 72))
    image.image.file_name = "../1.png"
    (folder / "inner").mkdir()
    with pytest.raises(DataError, match="outside"):
        draw_tile(image, folder / "inner", TABLE)


def test_a_large_image_is_also_drawn_in_its_own_size_and_a_small_one_is_not(tmp_path: Path) -> None:
    for name, (height, width) in {"large": (540, 720), "small": (54, 72)}.items():
        cv2.imwrite(str(tmp_path / "1.png"), np.zeros((height, width, 3), np.uint8))
        tile = draw_tile(objects([(1, 0, 0, 9)], size=(height, width)), tmp_path, TABLE, tmp_path / f"{name}.jpg")
        assert tile.full_size == ((height, width) if name == "large" else None)
    assert read_image(tmp_path / "large.jpg").shape == (540, 720, 3)
    assert read_image(tmp_path / "large.jpg")[:8, :8].max() > 100  # the object
    assert not (tmp_path / "small.jpg").exists()
