"""Masks as regions: polygons and brush masks hold every pixel, with holes and parts."""

from typing import Any

import hotcoco.mask
import numpy as np
import pytest

from maskwright.server.answers import answer
from maskwright.server.label_studio.brush_rle import decode_brush
from maskwright.server.label_studio.labelling import Control, Labelling
from maskwright.server.label_studio.regions import regions
from maskwright.structures import ClassTable, Instances

TABLE = ClassTable.from_names(["disc", "ring", "cat"])
LABELS = {"disc": "Disc", "ring": "ring"}
BRUSH, POLYGON = Control("brush", "img", LABELS), Control("poly", "img", LABELS)


def masks() -> np.ndarray:
    """A plain part, a ring, and two parts, on an image whose sides divide no hundred."""
    rows, columns = np.mgrid[:47, :61]
    distance = np.hypot(rows - 20, columns - 30)
    two = (rows < 5) & ((columns < 7) | (columns > 40))
    return np.stack([distance < 12, (distance < 18) & (distance > 9), two])


def found(labels: tuple[int, int, int] = (1, 2, 1)) -> Instances:
    return Instances.from_dense(masks(), labels, scores=[0.9, 0.8, 0.7])


def drawn(region: dict[str, Any]) -> np.ndarray:
    """The pixels of a region."""
    value, size = region["value"], (region["original_height"], region["original_width"])
    if region["type"] == "brushlabels":
        assert value["format"] == "rle"
        return decode_brush(value["rle"], size)
    points = np.array(value["points"]) * [size[1] / 100, size[0] / 100]
    assert np.abs(points - np.rint(points)).max() < 1e-9
    return (
        hotcoco.mask.decode(hotcoco.mask.merge(hotcoco.mask.fr_py_objects([np.rint(points).ravel().tolist()], *size)))
        == 1
    )


@pytest.mark.parametrize(
    ("labelling", "kinds"),
    [
        (Labelling("image", BRUSH, POLYGON), ["polygonlabels", "brushlabels", "brushlabels"]),
        (Labelling("image", BRUSH, None), ["brushlabels"] * 3),
        (Labelling("image", None, POLYGON), ["polygonlabels"] * 3),
    ],
    ids=["both", "brush", "polygon"],
)
def test_every_pixel_survives(labelling: Labelling, kinds: list[str]) -> None:
    result = regions(answer(found(), TABLE), labelling)
    assert [each["type"] for each in result] == kinds
    for each, mask in zip(result, masks(), strict=True):
        assert np.array_equal(drawn(each), mask)
    assert [each["value"][each["type"]] for each in result] == [["Disc"], ["ring"], ["Disc"]]
    assert [each["score"] for each in result] == pytest.approx([0.9, 0.8, 0.7])
    assert {(each["original_width"], each["original_height"], each["to_name"]) for each in result} == {(61, 47, "img")}
    assert len({each["id"] for each in result}) == 3


def test_classes_without_a_label_and_empty_masks_are_left_out() -> None:
    labelling = Labelling("image", BRUSH, POLYGON)
    result = regions(answer(found((3, 2, 3)), TABLE), labelling)
    assert [each["value"][each["type"]] for each in result] == [["ring"]]
    empty = Instances.from_dense(np.zeros((1, 4, 6)), [1])
    assert regions(answer(empty, TABLE), labelling) == []


def test_classes_of_a_label_map_have_no_score() -> None:
    label_map = np.array([[0, 1, 1], [2, 2, 0]], np.uint8)
    result = regions(answer(label_map, TABLE), Labelling("image", BRUSH, None))
    assert [each["value"]["brushlabels"] for each in result] == [["Disc"], ["ring"]]
    assert not any("score" in each for each in result)
    assert np.array_equal(drawn(result[0]), label_map == 1)
