"""Objects ready to draw: the annotations of one image as labelled RLEs, with every one accounted for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from maskwright.annotations.coco.file import CocoAnnotation, CocoImage
from maskwright.annotations.faults import Audit, Fault
from maskwright.masks.rle import BadSegmentation, RasterisedMask, rasterise
from maskwright.structures import Instances, mask_boxes


@dataclass
class ImageObjects:
    """The objects of one image in file order; position i of every list is one object.

    ``areas`` is the file's own ``area`` (square pixels), by which COCO's evaluation tells small from large, or the
    mask's area where the file has none. ``outlines`` are polygons as JSON text, by which masks can be drawn at another
    size; None where the file has an RLE. ``ignored`` are the masks of objects that count neither for nor against,
    whatever is found there; they have no class and no place in the other lists.
    """

    image: CocoImage
    ids: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    drawn: list[RasterisedMask] = field(default_factory=list)
    crowd: list[bool] = field(default_factory=list)
    areas: list[float] = field(default_factory=list)
    outlines: list[bytes | None] = field(default_factory=list)
    ignored: list[RasterisedMask] = field(default_factory=list)

    @property
    def used(self) -> int:
        """How many annotations of the file are here."""
        return len(self.ids) + len(self.ignored)

    def instances(self) -> Instances:
        """The objects as :class:`Instances`; boxes are the tight boxes of the masks, not the file's ``bbox``."""
        size, rles = (self.image.height, self.image.width), [d.rle for d in self.drawn]
        labels, crowd = np.array(self.labels, np.int64), np.array(self.crowd, np.bool_)
        return Instances(size, mask_boxes(rles), labels, rles, crowd=crowd)


def draw_objects(
    image: CocoImage,
    annotations: Iterable[CocoAnnotation],
    labels: Mapping[int, int],
    audit: Audit,
    ignored: Iterable[CocoAnnotation] = (),
) -> ImageObjects:
    """Rasterise the annotations of ``image`` whose category is in ``labels`` (class index by category id).

    Those ``ignored`` are rasterised whatever their category. Every annotation is entered into ``audit``: used,
    ``other_class``, or skipped with its fault.
    """
    objects = ImageObjects(image)
    for annotation in annotations:
        audit.found += 1
        label = labels.get(annotation.category_id)
        if label is None:
            audit.skip("other_class")
            continue
        drawn = _drawn(annotation, image, audit)
        if drawn is None:
            continue
        objects.ids.append(annotation.id)
        objects.labels.append(label)
        objects.drawn.append(drawn)
        objects.crowd.append(bool(annotation.iscrowd))
        objects.areas.append(float(drawn.area if annotation.area is None else annotation.area))
        text = bytes(annotation.segmentation)
        objects.outlines.append(text if text.lstrip().startswith(b"[") else None)
    for annotation in ignored:
        audit.found += 1
        drawn = _drawn(annotation, image, audit)
        if drawn is not None:
            objects.ignored.append(drawn)
    return objects


def _drawn(annotation: CocoAnnotation, image: CocoImage, audit: Audit) -> RasterisedMask | None:
    """The mask of ``annotation``, which ``audit`` counts as used; None where a fault of it is counted instead."""
    try:
        drawn = rasterise(annotation.segmentation, image.height, image.width)
    except BadSegmentation as bad:
        audit.fault(Fault(bad.code, "annotation", annotation.id, f"(image {image.id}) {bad}"))
        return None
    audit.used += 1
    if drawn.dropped_parts:
        message = f"(image {image.id}) has {drawn.dropped_parts} polygons that cannot be drawn; the rest is used"
        audit.faults.append(Fault("dropped_parts", "annotation", annotation.id, message))
    if drawn.area == 0:
        message = f"(image {image.id}) has a segmentation that covers no pixel"
        audit.faults.append(Fault("no_pixels", "annotation", annotation.id, message))
    return drawn
