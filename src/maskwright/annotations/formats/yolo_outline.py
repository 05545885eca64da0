"""The one outline that YOLO has room for, written so that reading it back draws the same mask."""

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
    """The object's outline as YOLO writes it; None when it covers no pixel and has no polygon, or is too long to draw.

    The source's own polygons come first; where they do not draw the mask, the outline follows the pixels. ``holes``
    is ``keep`` or ``fill``.
    """
    parts = polygons_with_holes(each.rle)
    rle = each.rle
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
    """The points of ``ring`` as shares of width and height, in as few digits as draw ``rle``; None when none do.

    Points outside the image move to its border, because YOLO refuses shares beyond 0 and 1.
    """
    height, width = rle["size"]
    # COCO's rule rounds to fifths of a pixel, halves up: 12.5 as 12.4999 is another fifth, the fifth itself stays one.
    for points in (ring, np.trunc(5 * ring + 0.5) / 5):
        shares = np.clip(points / (width, height), 0, 1) + 0.0  # not -0.0
        for digits in _DIGITS:
            values = [f"{value:.{digits}f}".rstrip("0").rstrip(".") for value in shares.ravel().tolist()]
            read = np.array(values, np.float64).reshape(-1, 2) * (width, height)
            if outline_draws_mask(read, rle):
                return " ".join(values)
    return None


def outline_draws_mask(ring: Points, rle: Rle) -> bool:
    """Whether the outline ``ring`` in pixels draws exactly ``rle``."""
    try:
        return rasterise([ring.ravel().tolist()], *rle["size"]).rle == rle
    except BadSegmentation:  # too long to walk
        return False


def _filled(each: AnnotatedObject, parts: list[PolygonWithHoles], audit: ConversionAudit) -> Rle:
    """The mask without holes; a part that lies in a hole of another goes under in it."""
    filled = rasterise([part.outer.ravel().tolist() for part in parts], *each.rle["size"])
    audit.change("holes_filled")
    audit.change("hole_pixels", filled.area - each.area)
    return filled.rle
