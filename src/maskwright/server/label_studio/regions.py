"""Masks as regions of Label Studio: polygons where they are the whole mask, else brush masks."""

from typing import Any

import numpy as np

from maskwright.masks.contours import PolygonWithHoles, polygons_with_holes
from maskwright.masks.keyhole import chain, keyhole
from maskwright.server.answers import Answer, FoundObject
from maskwright.server.label_studio.brush_rle import encode_brush
from maskwright.server.label_studio.labelling import Control, Labelling
from maskwright.structures import Rle


def regions(answered: Answer, labelling: Labelling) -> list[dict[str, Any]]:
    """Return the objects of an answer whose class has a label, as the ``result`` of a prediction.

    A mask of one part without holes is a polygon along its pixels' edges, where the project has polygons. Others are
    brush masks; in a project with polygons alone, one outline goes along all parts and holes. All hold the mask to the
    pixel.
    """
    found = []
    for number, each in enumerate(answered.objects, start=1):
        if each.area:
            region = _region(each, labelling)
            if region is not None:
                common = {"original_width": answered.width, "original_height": answered.height, "image_rotation": 0}
                score = {} if each.score is None else {"score": each.score}
                found.append({"id": f"maskwright-{number}", **common, **region, **score})
    return found


def _region(each: FoundObject, labelling: Labelling) -> dict[str, Any] | None:
    rle: Rle = {"size": each.segmentation.size, "counts": each.segmentation.counts.encode("ascii")}
    brush, polygon = (_with_label(control, each.class_name) for control in (labelling.brush, labelling.polygon))
    if polygon is not None:
        parts = polygons_with_holes(rle)
        if brush is None or (len(parts) == 1 and not parts[0].holes):
            return _named(polygon, each, "polygonlabels", {"points": _points(parts, rle), "closed": True})
    if brush is not None:
        return _named(brush, each, "brushlabels", {"format": "rle", "rle": encode_brush(rle)})
    return None


def _with_label(control: Control | None, name: str) -> Control | None:
    return control if control is not None and name in control.labels else None


def _named(control: Control, each: FoundObject, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    label = control.labels[each.class_name]
    return {"from_name": control.name, "to_name": control.to_name, "type": kind, "value": {**value, kind: [label]}}


def _points(parts: list[PolygonWithHoles], rle: Rle) -> list[list[float]]:
    """Return one outline in per cent of the image's sides."""
    height, width = rle["size"]
    outline = np.asarray(chain([keyhole(part) for part in parts]), np.float64)
    return (outline * [100 / width, 100 / height]).tolist()
