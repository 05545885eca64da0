"""The single outline that YOLO holds of an object, written so that reading it back draws the same mask."""

import numpy as np

from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedObject
from maskwright.masks.contours import PolygonWithHoles, polygons_with_holes
from maskwright.masks.keyhole import Points, chain, keyhole
from maskwright.masks.rle import BadSegmentation, rasterise
from maskwright.structures import Rle

# Six digits are six thousandths of a pixel on an image 6,000 pixels wide; COCO's rule looks at tenths.
_DIGITS = (6, 9)


def to_yolo_outline(each: AnnotatedObject, holes: str, audit: ConversionAudit) -> str | None:
    """Return the object's outline as YOLO writes it.

    The source's own polygons come first. Where they do not draw the mask, the outline follows the pixels. ``holes`` is
    ``keep`` or ``fill``. None when the object covers no pixel and has no polygon that draws it, or when the outline is
    too long to draw.
    """
    rle = each.rle
    try:
        parts = polygons_with_holes(rle)
    except BadSegmentation:  # too long to draw
        return None
    if holes == "fill" and any(part.holes for part in parts):
        rle = _filled(each, parts, audit)
        parts = polygons_with_holes(rle)
    elif each.polygons is not None:
        rings = [np.array(polygon).reshape(-1, 2) for polygon in each.polygons]
        text = format_outline(chain(rings), rle)
        if text is not None:
            audit.change("parts_joined", len(rings) > 1)
            return text
    if not parts:
        return None
    audit.change("outlined")
    audit.change("parts_joined", len(parts) > 1)
    audit.change("holes_bridged", any(part.holes for part in parts))
    return format_outline(chain([keyhole(part) for part in parts]), rle)


def format_outline(ring: Points, rle: Rle) -> str | None:
    """Return the points of ``ring`` as fractions of width and height, or None when they do not draw ``rle``.

    As few digits are written as draw ``rle``. Points outside the image move to its border, because YOLO rejects
    fractions beyond 0 and 1.
    """
    height, width = rle["size"]
    # COCO's rule rounds to fifths of a pixel, halves up: 12.4999 rounds to another fifth than 12.5, a fifth to itself.
    for points in (ring, np.trunc(5 * ring + 0.5) / 5):
        shares = np.clip(points / (width, height), 0, 1) + 0.0  # not -0.0
        for digits in _DIGITS:
            values = [f"{value:.{digits}f}".rstrip("0").rstrip(".") for value in shares.ravel().tolist()]
            read = np.array(values, np.float64).reshape(-1, 2) * (width, height)
            if outline_draws_mask(read, rle):
                return " ".join(values)
    return None


def outline_draws_mask(ring: Points, rle: Rle) -> bool:
    """Return whether the outline ``ring`` (x, y in pixels) draws exactly ``rle``."""
    try:
        return rasterise([ring.ravel().tolist()], *rle["size"]).rle == rle
    except BadSegmentation:  # too long to walk
        return False


def _filled(each: AnnotatedObject, parts: list[PolygonWithHoles], audit: ConversionAudit) -> Rle:
    """Return the mask without holes; a part that lies in a hole of another merges with it."""
    filled = rasterise([part.outer.ravel().tolist() for part in parts], *each.rle["size"])
    audit.change("holes_filled")
    audit.change("hole_pixels", filled.area - each.area)
    return filled.rle
