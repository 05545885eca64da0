"""The objects of one image as labelled RLE masks, with every annotation accounted for."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hotcoco import mask as coco_mask

from maskwright.annotations.coco.file import CocoAnnotation, CocoImage
from maskwright.annotations.faults import Audit, Fault
from maskwright.masks.rle import BadSegmentation, RasterisedMask, rasterise
from maskwright.structures import ClassTable, Instances

# The fields with one value per drawn object, but for its label.
_PER_OBJECT = ("ids", "drawn", "crowd", "areas", "outlines", "boxes")


@dataclass(frozen=True)
class BoxOnlyObject:
    """An object with a box whose mask cannot be drawn: it counts for the scores of boxes, and for nothing else.

    ``box`` is the file's, xywh in pixels. ``place`` is the number of drawn objects that precede it in the file.
    """

    id: int
    label: int
    box: list[float]
    area: float
    crowd: bool
    place: int


@dataclass
class ImageObjects:
    """The rasterised annotations of one image in file order; index i of each list is one object.

    ``labels`` are class indices (1..K), ``drawn`` the masks. ``areas`` are the file's ``area`` in square pixels, by
    which COCO's evaluation divides objects into size ranges, or the mask's area where the file has none. ``outlines``
    are polygons as JSON text, from which masks can be drawn at another size, or None where the file has an RLE.
    ``boxes`` are the file's, xywh in pixels of the image, or None where it has none that can be used; :meth:`box` then
    takes the mask's.

    ``ignored`` are the masks of objects that count neither for nor against a prediction, ``ignored_boxes`` their boxes
    in the file. They have no class. ``box_only`` are the objects without a mask. Both are in no other list.
    """

    image: CocoImage
    ids: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    drawn: list[RasterisedMask] = field(default_factory=list)
    crowd: list[bool] = field(default_factory=list)
    areas: list[float] = field(default_factory=list)
    outlines: list[bytes | None] = field(default_factory=list)
    boxes: list[list[float] | None] = field(default_factory=list)
    ignored: list[RasterisedMask] = field(default_factory=list)
    ignored_boxes: list[list[float] | None] = field(default_factory=list)
    box_only: list[BoxOnlyObject] = field(default_factory=list)

    @property
    def used(self) -> int:
        """The number of annotations that are used, ignored ones included."""
        return len(self.ids) + len(self.ignored)

    def instances(self, classes: ClassTable | None = None) -> Instances:
        """Return the objects as :class:`Instances` whose labels are indices of ``classes``.

        Boxes are the file's (xyxy, pixels), those of the masks where it has none.
        """
        size, rles = (self.image.height, self.image.width), [d.rle for d in self.drawn]
        labels, crowd = np.array(self.labels, np.int64), np.array(self.crowd, np.bool_)
        boxes = np.array([self.box(i) for i in range(len(self.ids))], np.float64).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        return Instances(size, boxes.astype(np.float32), labels, rles, crowd=crowd, classes=classes)

    def box(self, i: int) -> list[float]:
        """Return the box of object ``i``, xywh in pixels: the file's, or the mask's where the file has none.

        Without both, for a mask without a pixel, it is 0, 0, 0, 0, which no prediction can match.
        """
        return true_box(self.boxes[i], self.drawn[i])

    def relabelled(self, labels: Mapping[int, int]) -> "ImageObjects":
        """Return the objects whose annotation id is in ``labels``, with that label; ignored ones stay."""
        kept = [i for i, number in enumerate(self.ids) if number in labels]
        picked: dict[str, Any] = {name: [getattr(self, name)[i] for i in kept] for name in _PER_OBJECT}
        box_only = [
            replace(each, label=labels[each.id], place=bisect_left(kept, each.place))
            for each in self.box_only
            if each.id in labels
        ]
        return replace(self, **picked, labels=[labels[self.ids[i]] for i in kept], box_only=box_only)


def true_box(box: list[float] | None, drawn: RasterisedMask) -> list[float]:
    """Return the ``box`` of an annotated object in its file, or that of its mask where it is None; xywh, pixels."""
    return coco_mask.to_bbox(drawn.rle).tolist() if box is None else box


def draw_objects(
    image: CocoImage,
    annotations: Iterable[CocoAnnotation],
    labels: Mapping[int, int],
    audit: Audit,
    ignored: Iterable[CocoAnnotation] = (),
) -> ImageObjects:
    """Rasterise the annotations of ``image`` whose category is in ``labels`` (class index by category id).

    Annotations in ``ignored`` are rasterised whatever their category. ``audit`` counts every annotation: as used, as
    ``other_class``, or as skipped with its fault. Those skipped because nothing can be drawn are in ``box_only`` if
    they have a box.
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
            _add_box_only(objects, annotation, label)
            continue
        objects.ids.append(annotation.id)
        objects.labels.append(label)
        objects.drawn.append(drawn)
        objects.crowd.append(bool(annotation.iscrowd))
        objects.areas.append(float(drawn.area if annotation.area is None else annotation.area))
        text = bytes(annotation.segmentation)
        objects.outlines.append(text if text.lstrip().startswith(b"[") else None)
        objects.boxes.append(annotation.usable_box)
    for annotation in ignored:
        audit.found += 1
        drawn = _drawn(annotation, image, audit)
        if drawn is not None:
            objects.ignored.append(drawn)
            objects.ignored_boxes.append(annotation.usable_box)
    return objects


def _add_box_only(objects: ImageObjects, annotation: CocoAnnotation, label: int) -> None:
    """Enter an annotation without a mask if it has a box; its area is the file's, or that of the box."""
    box = annotation.usable_box
    if box is not None:
        area = box[2] * box[3] if annotation.area is None else annotation.area
        crowd, place = bool(annotation.iscrowd), len(objects.ids)
        objects.box_only.append(BoxOnlyObject(annotation.id, label, box, float(area), crowd, place))


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
