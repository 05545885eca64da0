"""LabelMe's shapes; what a mask shape means is LabelMe's own ``shapes_to_label``: both corners are inside."""

import base64
import io
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as oracle

from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.labelme_shapes import draw_shape, shape_label, shapes_of
from maskwright.masks.rle import BadSegmentation
from tests.annotations.formats.examples import drawn, frame, outlined


def raw(**fields: Any) -> msgspec.Raw:
    shape = {"label": "dog", "points": [[2, 3], [9, 3], [9, 8]], "shape_type": "polygon", "group_id": None}
    return msgspec.Raw(msgspec.json.encode({k: v for k, v in (shape | fields).items() if v is not ...}))


def png(mask: np.ndarray, mode: str = "L") -> str:
    buffer = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8)).convert(mode).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize("kind", ["polygon", None, ...])
def test_a_polygon_is_drawn_by_coco_s_rule(kind: Any):
    shape = draw_shape(raw(shape_type=kind), 48, 64)
    assert shape.polygon == [2, 3, 9, 3, 9, 8]
    assert shape.rle == oracle.frPyObjects([shape.polygon], 48, 64)[0]


def test_a_rectangle_is_its_four_corners():
    shape = draw_shape(raw(shape_type="rectangle", points=[[9, 8], [2, 3]]), 48, 64)
    assert oracle.area(shape.rle) == 7 * 5


@pytest.mark.parametrize("mode", ["L", "1", "RGB", "P"])
def test_a_mask_lies_in_the_box_of_its_corners_both_inside(mode: str):
    mask = frame() * 255
    shape = draw_shape(raw(shape_type="mask", points=[[5.0, 2.0], [16.0, 10.0]], mask=png(mask, mode)), 48, 64)
    expected = np.zeros((48, 64), np.uint8)
    expected[2:11, 5:17] = frame()
    np.testing.assert_array_equal(oracle.decode(shape.rle), expected)
    assert shape.polygon is None


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"label": ...}, "bad_shape", "missing required field `label`"),
        ({"label": " "}, "bad_shape", "has no label"),
        ({"label": "n" * 1001}, "bad_shape", "a label of 1,001 letters"),
        ({"points": [[1, 2, 3]]}, "bad_shape", "does not fit LabelMe"),
        ({"points": "x"}, "bad_shape", "does not fit LabelMe"),
        ({"points": []}, "bad_polygon", "no polygon"),
        ({"points": [[1e12, 0], [0, 1e12], [0, 0]]}, "polygon_bomb", "outline"),
        ({"shape_type": "circle"}, "unsupported_shape", "is a circle"),
        ({"shape_type": "point", "points": [[1, 1]]}, "unsupported_shape", "is a point"),
        ({"shape_type": "mask"}, "bad_shape", "without two finite corners"),
        ({"shape_type": "mask", "points": [[60, 0], [71, 8]]}, "bad_shape", "leaves the image"),
        ({"shape_type": "mask", "points": [[5, 5], [3, 3]]}, "bad_shape", "leaves the image"),
        ({"shape_type": "mask", "points": [[-1, 0], [10, 8]]}, "bad_shape", "leaves the image"),
        ({"shape_type": "mask", "points": [[0, 0], [10, 8]], "mask": "%"}, "bad_shape", "unreadable mask"),
        ({"shape_type": "mask", "points": [[0, 0], [10, 8]], "mask": "AAAA"}, "bad_shape", "unreadable mask"),
        ({"shape_type": "mask", "points": [[0, 0], [10, 8]]}, "bad_shape", "unreadable mask"),
        (
            {"shape_type": "mask", "points": [[0, 0], [3, 3]], "mask": png(frame())},
            "bad_shape",
            "mask of 12×9 pixels",
        ),
    ],
)
def test_a_shape_that_is_no_area_is_refused(fields: dict[str, Any], code: str, message: str):
    with pytest.raises(BadSegmentation) as caught:
        draw_shape(raw(**fields), 48, 64)
    assert caught.value.code == code
    assert message in str(caught.value)


def test_a_shape_s_label_is_read_whatever_else_is_wrong():
    assert shape_label(raw(label="cafe\u0301 ", points="x")) == "café"
    assert shape_label(raw(label=7)) == "7"
    assert shape_label(raw(label=...)) is None


def test_what_other_formats_do_not_hold_is_named():
    shape = draw_shape(raw(flags={"crowd": True, "blurred": True, "no": False}, description="left one"), 48, 64)
    assert shape.crowd
    assert shape.fields == ["shape.flags.blurred", "shape.description"]


def test_an_object_with_holes_is_a_mask_and_comes_back(account: ConversionAudit):
    each = drawn(frame(), crowd=True)
    (record,) = shapes_of(each, 1, "keep", account)
    assert (record["shape_type"], record["points"], record["flags"]) == ("mask", [[2, 0], [9, 6]], {"crowd": True})
    shape = draw_shape(msgspec.Raw(msgspec.json.encode(record)), *frame().shape)
    assert (shape.rle, shape.crowd) == (each.rle, True)
    assert account.changes == {"masks_embedded": 1}


def test_filled_holes_are_counted_with_their_pixels(account: ConversionAudit):
    (record,) = shapes_of(drawn(frame()), 1, "fill", account)
    assert record["points"] == [[2, 0], [10, 0], [10, 7], [2, 7]]
    assert account.changes == {"holes_filled": 1, "hole_pixels": 12, "outlined": 1}


def test_parts_share_a_group(account: ConversionAudit):
    polygons = [[1.5, 1.5, 9.0, 1.0, 8.0, 9.0], [20.0, 20.0, 30.0, 20.0, 30.0, 31.25]]
    records = shapes_of(outlined(polygons, 48, 64), 7, "keep", account)
    assert [record["group_id"] for record in records] == [7, 7]
    assert records[1]["points"] == [[20.0, 20.0], [30.0, 20.0], [30.0, 31.25]]
    assert account.changes == {"parts_grouped": 1}


def test_nothing_has_no_shapes(account: ConversionAudit):
    assert shapes_of(drawn(np.zeros((3, 3))), 1, "keep", account) == []
    assert account.changes == {}
