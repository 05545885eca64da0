"""The objects of one image as labelled RLE masks, with every annotation accounted for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from maskwright.annotations.coco.file import CocoAnnotation, CocoImage
from maskwright.annotations.faults import Audit, Fault
from maskwright.masks.rle import BadSegmentation, RasterisedMask, rasterise
from maskwright.structures import ClassTable, Instances, mask_boxes


@dataclass
class ImageObjects:
    """The rasterised annotations of one image in file order; index i of each list is one object.

    ``labels`` are class indices (1..K), ``drawn`` the masks. ``areas`` are the file's ``area`` in square pixels, by
    which COCO's evaluation divides objects into size ranges, or the mask's area where the file has none. ``outlines``
    are polygons as JSON text, from which masks can be drawn at another size, or None where the file has an RLE.
    ``ignored`` are the masks of objects that count neither for nor against a prediction. They have no class and are in
    no other list.
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
        """The number of annotations that are used, ignored ones included."""
        return len(self.ids) + len(self.ignored)

    def instances(self, classes: ClassTable | None = None) -> Instances:
        """Return the objects as :class:`Instances` whose labels are indices of ``classes``.

        Boxes are the tight boxes of the masks (xyxy, pixels, half-open), not the file's ``bbox``.
        """
        size, rles = (self.image.height, self.image.width), [d.rle for d in self.drawn]
        labels, crowd = np.array(self.labels, np.int64), np.array(self.crowd, np.bool_)
        return Instances(size, mask_boxes(rles), labels, rles, crowd=crowd, classes=classes)


def draw_objects(
    image: CocoImage,
    annotations: Iterable[CocoAnnotation],
    labels: Mapping[int, int],
    audit: Audit,
    ignored: Iterable[CocoAnnotation] = (),
) -> ImageObjects:
    """Rasterise the annotations of ``image`` whose category is in ``labels`` (class index by category id).

    Annotations in ``ignored`` are rasterised whatever their category. ``audit`` counts every annotation: as used, as
    ``other_class``, or as skipped with its fault.
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
    """Return the mask of ``annotation`` and count it as used, or return None and count its fault."""
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
