"""The outlines of labels and detections, as rings of points for pictures and for labelling tools."""

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.masks.contours import polygons_with_holes
from maskwright.masks.rle import BadSegmentation
from maskwright.structures import ResultRecord, TruthRecord

Ring = npt.NDArray[np.float64]


def outline_rings(record: TruthRecord | ResultRecord, tolerance: float, holes: bool = True) -> list[Ring]:
    """Return the outline of a mask, or of its box where there is none, as rings ``(P, 2)`` of xy pixels.

    Points within ``tolerance`` pixels of the line between others are left out. Without ``holes`` only the outer rings
    are given.
    """
    found: list[Ring] = []
    for ring in _rings(record, holes):
        points = ring.astype(np.float32).reshape(-1, 1, 2)
        if len(points) > 4:
            points = cv2.approxPolyDP(points, tolerance, closed=True)
        found.append(points.reshape(-1, 2).astype(np.float64))
    return found


def _rings(record: TruthRecord | ResultRecord, holes: bool) -> list[npt.NDArray[np.int64]]:
    if "segmentation" in record:
        try:
            parts = polygons_with_holes(record["segmentation"])
            return [ring for part in parts for ring in (part.rings if holes else part.rings[:1])]
        except BadSegmentation:
            pass  # An outline too long to draw: the box shows where it is.
    x, y, width, height = record["bbox"]
    return [np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.int64)]
