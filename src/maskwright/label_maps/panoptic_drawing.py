"""Drawing of panoptic maps from the objects of an image: things one by one, stuff as one segment of each class.

Crowd regions of things are segments of their own, which excuse predictions, as in COCO's panoptic format. They lie
below the objects. Pixels without an object, and those of ignored objects, are void.
"""

from collections.abc import Sequence

import numpy as np

from maskwright.annotations.objects import ImageObjects
from maskwright.errors import DataError
from maskwright.label_maps.drawing import Drawing
from maskwright.masks.label_map import draw_label_map
from maskwright.masks.segment_coding import coded_ids
from maskwright.structures import SegmentIds

# The most objects of an image: the positions that 16 bits can number.
_MOST_OBJECTS = 65534


def render_panoptic_ids(objects: ImageObjects, drawing: Drawing) -> SegmentIds:
    """Return the segment ids ``(H, W)`` uint32 of one image, coded as in :mod:`maskwright.masks.segment_coding`.

    ``drawing`` has the classes, with those that are stuff, and the overlap rule: of several objects on a pixel one
    keeps it, as in a label map. Crowd regions of stuff belong to its segment.

    Raises ``DataError`` for more objects than can be numbered.
    """
    stuff = {c.index for c in drawing.table if c.stuff}
    crowds = [i for i, crowd in enumerate(objects.crowd) if crowd and objects.labels[i] not in stuff]
    painted = sorted(set(range(len(objects.labels))) - set(crowds))
    try:
        ids = _painted(objects, painted, drawing, crowd=False)
        below = _painted(objects, crowds, drawing, crowd=True) if crowds else np.zeros_like(ids)
    except DataError as error:
        raise DataError(f"Image {objects.image.id} ('{objects.image.file_name}'): {error}") from error
    return np.where(ids > 0, ids, below)


def _painted(objects: ImageObjects, chosen: Sequence[int], drawing: Drawing, crowd: bool) -> SegmentIds:
    """Return the coded ids ``(H, W)`` of the objects at the positions ``chosen``; 0 where none lies."""
    if len(chosen) > _MOST_OBJECTS:
        raise DataError(f"{len(chosen)} objects; expected at most {_MOST_OBJECTS}. Cut the image into tiles.")
    labels = [objects.labels[i] for i in chosen]
    positions = draw_label_map(
        (objects.image.height, objects.image.width),
        [objects.drawn[i].rle for i in chosen],
        labels,
        [objects.drawn[i].area for i in chosen],
        rule=drawing.overlap,
        dtype=np.uint16,
        weights=[drawing.weights[label - 1] for label in labels] if drawing.weights else (),
        values=range(1, len(chosen) + 1),
    )
    return np.array([0, *coded_ids(labels, drawing.table, crowd)], np.uint32)[positions]
