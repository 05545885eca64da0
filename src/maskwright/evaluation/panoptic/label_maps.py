"""The segments of label maps: the pixels of a class on an image are one segment, as those of stuff are.

Source: A. Kirillov et al., "Panoptic Segmentation", CVPR 2019, section 4, and ``evaluation.py`` of panopticapi.
"""

import numpy as np
import numpy.typing as npt

from maskwright.evaluation.panoptic.quality import MATCH_IOU, MatchCounts
from maskwright.structures import LabelMap

LABEL_MAP_PROTOCOL = (
    "panoptic quality as in panopticapi, with all pixels of a class on an image as one segment, background among the "
    "classes and ignored pixels void; equal to panopticapi's PQ of stuff, not comparable with published PQ, which has "
    "things too"
)


def label_map_segments(
    truth: LabelMap, prediction: LabelMap, confusion: npt.NDArray[np.int64], ignore_index: int
) -> dict[int, MatchCounts]:
    """Count the matched, wrong and missed segments of one image, by the label of the class.

    ``confusion`` ``(classes, classes)`` is that of the label maps ``truth`` and ``prediction`` ``(H, W)``. A predicted
    segment that matches none is not wrong where more than half of its pixels are ``ignore_index`` in the truth.
    """
    hits = np.diag(confusion)
    true, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    void = np.bincount(prediction[truth == ignore_index], minlength=len(confusion))
    found = {}
    for label in np.flatnonzero(true + predicted + void).tolist():
        iou = float(hits[label] / max(true[label] + predicted[label] - hits[label], 1))
        if iou > MATCH_IOU:
            found[label] = MatchCounts(1, 0, 0, iou)
        else:
            wrong = 2 * void[label] <= predicted[label] + void[label] > 0
            found[label] = MatchCounts(0, int(wrong), int(true[label] > 0), 0.0)
    return found
