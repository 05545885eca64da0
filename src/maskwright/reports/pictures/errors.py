"""The errors of a prediction, drawn over its image: what was found, what was not there, and what was missed.

The colours differ for eyes that do not tell red from green. Source: M. Okabe and K. Ito, "Color Universal Design",
2008.
"""

from collections.abc import Sequence
from typing import Any, cast

import cv2
import hotcoco.mask
import numpy as np

from maskwright.images.draw import overlay_label_map
from maskwright.images.lettering import Image
from maskwright.masks.label_map import draw_label_map
from maskwright.structures import ClassInfo, ClassTable, LabelMap, Rle

FOUND, FALSE_POSITIVE, MISSED, WRONG_CLASS = 1, 2, 3, 4

OUTCOMES = ClassTable(
    (
        ClassInfo(FOUND, "found", (0, 158, 115)),
        ClassInfo(FALSE_POSITIVE, "false positive", (213, 94, 0)),
        ClassInfo(MISSED, "missed", (86, 180, 233)),
        ClassInfo(WRONG_CLASS, "wrong class", (204, 121, 167)),
    )
)
"""The outcomes of pixels, and the colours in which they are drawn. Objects have the first three."""


def pixel_outcomes(truth: LabelMap, predicted: LabelMap, ignore_index: int) -> LabelMap:
    """Return the outcome of each pixel ``(H, W)``: its index in ``OUTCOMES``, 0 for background in both.

    Pixels whose truth is ``ignore_index`` are ignored in the result as well.
    """
    # Painted one over the other, in a byte a pixel: images may be large.
    outcomes = np.full(truth.shape, WRONG_CLASS, np.uint8)
    outcomes[predicted == 0] = MISSED
    outcomes[truth == 0] = FALSE_POSITIVE
    outcomes[truth == predicted] = FOUND
    outcomes[(truth == 0) & (predicted == 0)] = 0
    outcomes[truth == ignore_index] = OUTCOMES.ignore_index
    return outcomes


def object_outcomes(
    size: tuple[int, int], found: Sequence[Rle], false_positives: Sequence[Rle], missed: Sequence[Rle]
) -> LabelMap:
    """Return the outcomes of objects as a label map of ``size`` ``(H, W)``, the smallest mask on top.

    ``found`` and ``false_positives`` are masks of detections, ``missed`` are masks of objects.
    """
    labelled = {FOUND: found, FALSE_POSITIVE: false_positives, MISSED: missed}
    masks = [rle for rles in labelled.values() for rle in rles]
    labels = [label for label, rles in labelled.items() for _ in rles]
    areas = [int(hotcoco.mask.area(cast("Any", rle))) for rle in masks]
    return draw_label_map(size, masks, labels, areas, rule="smallest")


def overlay_errors(image: Image, outcomes: LabelMap) -> Image:
    """Return ``image`` ``(H, W, 3)`` in grey with the ``outcomes`` ``(H, W)`` drawn over it."""
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return overlay_label_map(np.asarray(grey, np.uint8), outcomes, OUTCOMES, alpha=0.6)
