"""Panoptic maps of an invented image: things, stuff, crowds, ignored and unlabelled pixels, and the overlap rule."""

from typing import Any

import numpy as np
import pytest

from maskwright.annotations.coco.file import CocoImage
from maskwright.annotations.objects import ImageObjects
from maskwright.errors import DataError
from maskwright.label_maps import panoptic_drawing
from maskwright.label_maps.drawing import Drawing
from maskwright.label_maps.panoptic_drawing import render_panoptic_ids
from maskwright.masks.rle import RasterisedMask
from maskwright.masks.segment_coding import CROWD_NUMBER, IDS_OF_CLASS
from maskwright.masks.segment_runs import segment_masks
from maskwright.structures import ClassTable

TABLE = ClassTable.from_names(["car", "sky"]).with_stuff(["sky"])
CAR, SKY = IDS_OF_CLASS, 2 * IDS_OF_CLASS
CROWD = CAR + CROWD_NUMBER


def objects_of(*rows: tuple[int, bool, str]) -> ImageObjects:
    """Return objects on one row of eight pixels: label, crowd, and the pixels as ``#``."""
    image = CocoImage(id=5, file_name="row.png", height=1, width=8)
    found = ImageObjects(image)
    for label, crowd, pixels in rows:
        drawn = mask_of(pixels)
        found.ids.append(len(found.ids) + 1)
        found.labels.append(label)
        found.drawn.append(drawn)
        found.crowd.append(crowd)
        found.areas.append(float(drawn.area))
    return found


def mask_of(pixels: str) -> RasterisedMask:
    return segment_masks(np.array([[pixel == "#" for pixel in pixels]], np.uint8))[1]


def drawn(objects: ImageObjects, **options: Any) -> list[int]:
    return render_panoptic_ids(objects, Drawing(TABLE, **options)).tolist()[0]


def test_things_are_apart_and_the_objects_of_stuff_are_one_segment() -> None:
    objects = objects_of((1, False, "##......"), (2, False, "...#...."), (1, False, "..#....."), (2, False, ".....##."))
    assert drawn(objects) == [CAR + 1, CAR + 1, CAR + 2, SKY, 0, SKY, SKY, 0]


def test_the_overlap_rule_says_whose_pixel_it_is() -> None:
    objects = objects_of((1, False, "###....."), (2, False, "..####.."))
    assert drawn(objects) == [CAR + 1, CAR + 1, SKY, SKY, SKY, SKY, 0, 0]
    assert drawn(objects, overlap="first") == [CAR + 1, CAR + 1, CAR + 1, SKY, SKY, SKY, 0, 0]
    assert drawn(objects, overlap="priority", weights=(2.0, 1.0)) == drawn(objects, overlap="first")


def test_crowds_of_things_lie_below_and_are_marked() -> None:
    objects = objects_of((1, False, "##......"), (1, True, ".###...."), (1, True, "......##"))
    assert drawn(objects) == [CAR + 1, CAR + 1, CROWD, CROWD, 0, 0, CROWD, CROWD]


def test_a_crowd_of_stuff_is_the_stuff() -> None:
    assert drawn(objects_of((2, True, "##......"), (2, False, "...#...."))) == [SKY, SKY, 0, SKY, 0, 0, 0, 0]


def test_ignored_objects_are_void() -> None:
    objects = objects_of((1, False, "##......"))
    objects.ignored.append(mask_of("..####.."))
    assert drawn(objects) == [CAR + 1, CAR + 1, 0, 0, 0, 0, 0, 0]


def test_an_image_without_objects_is_void() -> None:
    assert drawn(objects_of()) == [0] * 8


def test_too_many_objects_are_refused_with_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panoptic_drawing, "_MOST_OBJECTS", 1)
    with pytest.raises(DataError, match=r"Image 5 \('row.png'\)"):
        drawn(objects_of((1, False, "#......."), (1, False, ".#......")))
