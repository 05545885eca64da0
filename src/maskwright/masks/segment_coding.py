"""Segment ids that bear their class: a map of them needs no list of segments beside it.

An id is 4096 times the index of the class plus a number. It is 0 for the one segment of a stuff class, 1 to 4094 for
the objects of a thing class, and 4095 for its crowd regions. All fit into the 24 bits of COCO's panoptic PNG.
Cityscapes numbers instances in this way, with 1000 in the place of 4096.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from maskwright.errors import DataError
from maskwright.masks.panoptic_png import VOID
from maskwright.structures import ClassTable, LabelMap, PanopticMap, PanopticSegment, SegmentIds

IDS_OF_CLASS = 4096
CROWD_NUMBER = IDS_OF_CLASS - 1
MOST_CLASSES = 256**3 // IDS_OF_CLASS - 1


def coded_ids(labels: Sequence[int], table: ClassTable, crowd: bool = False) -> list[int]:
    """Return the id of each object of one image; ``labels`` are indices of ``table``, ``crowd`` is for crowd regions.

    Raises ``DataError`` for more classes or objects than the ids can number.
    """
    if len(table) > MOST_CLASSES:
        raise DataError(f"{len(table)} classes; panoptic maps hold at most {MOST_CLASSES}. Choose fewer, or groups.")
    stuff = {c.index for c in table if c.stuff}
    seen: Counter[int] = Counter()
    ids = []
    for label in labels:
        seen[label] += 1
        if not crowd and label not in stuff and seen[label] >= CROWD_NUMBER:
            raise DataError(
                f"more than {CROWD_NUMBER - 1} objects of '{table.classes[label - 1].name}'; panoptic maps number no "
                "more of a class. Cut the image into tiles."
            )
        number = 0 if label in stuff else CROWD_NUMBER if crowd else seen[label]
        ids.append(label * IDS_OF_CLASS + number)
    return ids


def decode_segments(ids: SegmentIds) -> PanopticMap:
    """Return the panoptic map of coded ``ids`` ``(H, W)``; labels are class indices."""
    present = np.unique(ids).tolist()
    segments = (
        PanopticSegment(each, each // IDS_OF_CLASS, each % IDS_OF_CLASS == CROWD_NUMBER)
        for each in present
        if each != VOID
    )
    return PanopticMap(ids, tuple(segments))


def classes_of_pixels(found: PanopticMap, table: ClassTable, void: int = 0) -> LabelMap:
    """Return the label map ``(H, W)`` of a panoptic map, whose labels are indices of ``table``.

    Pixels of no segment get the label ``void``, those of crowd regions the ignored one.
    """
    labels = np.full(found.ids.shape, void, table.label_dtype)
    if not found.segments:
        return labels
    known = np.array([segment.id for segment in found.segments], np.int64)
    classes = [table.ignore_index if segment.crowd else segment.label for segment in found.segments]
    of_known = np.array(classes, table.label_dtype)
    order = np.argsort(known)
    places = np.searchsorted(known[order], found.ids).clip(max=len(known) - 1)
    shown = known[order][places] == found.ids
    labels[shown] = of_known[order][places][shown]
    return labels
