"""LabelMe shapes: one shape as a mask, and one object as the shapes that hold it."""

import base64
import io
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from hotcoco import mask as coco_mask

from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedObject, Polygons
from maskwright.image_formats import open_image
from maskwright.limits import beyond_limit, input_limit
from maskwright.masks.contours import polygons_with_holes
from maskwright.masks.paste import cropped_to_rle
from maskwright.masks.png import encode_png
from maskwright.masks.rle import BadSegmentation, rasterise
from maskwright.structures import Rle, normalise_name

CROWD_FLAG = "crowd"


class _Record(msgspec.Struct):
    label: str | int | float
    points: list[tuple[float, float]]
    shape_type: str | None = "polygon"
    group_id: int | str | None = None
    flags: dict[str, Any] | None = None
    description: str | None = None
    mask: str | None = None


class _Labelled(msgspec.Struct):
    label: str | int | float


@dataclass(frozen=True)
class LabelMeShape:
    """A shape's class, group, mask and polygon ``[x, y, …]`` in pixels (None for a shape of type ``mask``).

    ``fields`` are the names of its fields that other formats cannot hold.
    """

    name: str
    group: int | str | None
    rle: Rle
    polygon: list[float] | None = None
    crowd: bool = False
    fields: list[str] = field(default_factory=list)


def shape_label(raw: msgspec.Raw) -> str | None:
    """Return the class of a shape, or None when it has none that can be read."""
    try:
        name = normalise_name(str(msgspec.json.decode(raw, type=_Labelled).label))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return name if 0 < len(name) <= input_limit("name-letters") else None


def draw_shape(raw: msgspec.Raw, height: int, width: int) -> LabelMeShape:
    """Rasterise the shape of a JSON record on an image of ``height`` × ``width`` pixels.

    Raises :class:`BadSegmentation` when it cannot be read, or is of a type without a defined area: a point, a line, a
    circle.
    """
    try:
        record = msgspec.json.decode(raw, type=_Record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadSegmentation("bad_shape", f"does not fit LabelMe ({error})") from error
    name = normalise_name(str(record.label))
    if not name:
        raise BadSegmentation("bad_shape", "has no label")
    if len(name) > input_limit("name-letters"):
        raise BadSegmentation("bad_shape", f"has a label of {len(name):,} letters; {beyond_limit('name-letters')}")
    polygon = _polygon(record)
    rle = _mask(record, height, width) if polygon is None else rasterise([polygon], height, width).rle
    flags = record.flags or {}
    fields = [f"shape.flags.{flag}" for flag, value in flags.items() if value and flag != CROWD_FLAG]
    fields += ["shape.description"] * bool(record.description)
    return LabelMeShape(name, record.group_id, rle, polygon, flags.get(CROWD_FLAG) is True, fields)


def _polygon(record: _Record) -> list[float] | None:
    kind, points = record.shape_type or "polygon", record.points
    if kind == "mask":
        return None
    if kind == "rectangle" and len(points) == 2:
        (x1, y1), (x2, y2) = points
        return [x1, y1, x2, y1, x2, y2, x1, y2]
    if kind != "polygon":
        raise BadSegmentation("unsupported_shape", f"is a {kind}, which has no defined area")
    return [value for point in points for value in point]


def _mask(record: _Record, height: int, width: int) -> Rle:
    """Return the mask of a mask shape; its points are the upper left and the lower right pixel, both included."""
    if len(record.points) != 2 or not all(math.isfinite(value) for point in record.points for value in point):
        raise BadSegmentation("bad_shape", "is a mask without two finite corners")
    (left, top), (right, bottom) = ((int(x), int(y)) for x, y in record.points)
    if not (0 <= left <= right < width and 0 <= top <= bottom < height):
        raise BadSegmentation("bad_shape", f"is a mask that leaves the image of {width}×{height} pixels (width×height)")
    region = _pixels(record.mask or "")
    if region.shape != (bottom - top + 1, right - left + 1):
        found = f"{region.shape[1]}×{region.shape[0]}"
        raise BadSegmentation("bad_shape", f"has a mask of {found} pixels (width×height), unlike its corners")
    return cropped_to_rle(region, top, left, (height, width))


def _pixels(text: str) -> npt.NDArray[np.bool_]:
    try:
        with open_image(io.BytesIO(base64.b64decode(text, validate=True)), formats=["PNG"]) as image:
            return np.array(image if image.mode in ("1", "L", "I;16", "I") else image.convert("L")) > 0
    except Exception as error:  # Pillow raises whatever a damaged field leads it to
        raise BadSegmentation("bad_shape", f"has an unreadable mask ({error})") from error


def shapes_of(each: AnnotatedObject, group: int, holes: str, audit: ConversionAudit) -> list[dict[str, Any]]:
    """Return the shapes that hold an object: its polygons, or a mask where it has holes.

    Several polygons of an object share the ``group``. With ``holes`` ``fill`` there are only polygons. An RLE without
    pixels has no shapes.
    """
    polygons = each.polygons if each.polygons is not None else _outlined(each, holes, audit)
    if polygons is None:
        audit.change("masks_embedded")
        left, top, width, height = each.box
        corners: Polygons = [[left, top], [left + width - 1, top + height - 1]]
        return [_record(each, corners, None, shape_type="mask", mask=_embedded(each))]
    audit.change("parts_grouped", len(polygons) > 1)
    return [
        _record(each, np.reshape(polygon, (-1, 2)).tolist(), group if len(polygons) > 1 else None)
        for polygon in polygons
    ]


def _outlined(each: AnnotatedObject, holes: str, audit: ConversionAudit) -> Polygons | None:
    """Return the object's outlines along its pixels, or None when they would lose its holes or are too long."""
    try:
        parts = polygons_with_holes(each.rle)
    except BadSegmentation:  # too long to draw
        return None
    polygons: Polygons = [[*part.outer.ravel().tolist()] for part in parts]
    if any(part.holes for part in parts):
        if holes == "keep":
            return None
        audit.change("holes_filled")
        audit.change("hole_pixels", rasterise(polygons, *each.rle["size"]).area - each.area)
    audit.change("outlined", bool(polygons))
    return polygons


def _record(
    each: AnnotatedObject, points: list[list[float]], group: int | None, shape_type: str = "polygon", mask: Any = None
) -> dict[str, Any]:
    return {
        "label": each.name,
        "points": points,
        "group_id": group,
        "description": "",
        "shape_type": shape_type,
        "flags": {CROWD_FLAG: True} if each.crowd else {},
        "mask": mask,
    }


def _embedded(each: AnnotatedObject) -> str:
    left, top, width, height = each.box
    inside = np.ascontiguousarray(coco_mask.decode(each.rle)[top : top + height, left : left + width])
    return base64.b64encode(encode_png(Path("mask.png"), inside)).decode("ascii")
