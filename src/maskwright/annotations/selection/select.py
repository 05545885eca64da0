"""Selection of the images of an experiment, with every annotation of the file accounted for."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from maskwright.annotations.coco.categories import absent_classes, label_by_category
from maskwright.annotations.coco.file import CocoFile, CocoImage, category_names
from maskwright.annotations.faults import STILL_USED, Audit, Fault
from maskwright.annotations.objects import ImageObjects, draw_objects
from maskwright.annotations.selection.sampling import first_images
from maskwright.errors import DataError
from maskwright.images.decode import image_path, image_size
from maskwright.images.truncation import is_truncated
from maskwright.structures import ClassTable


@dataclass(frozen=True)
class SelectionRules:
    """The rules by which images are used; by default all are.

    ``only_with_objects`` skips images without objects, ``drop_crowd_images`` images with a crowd region.
    ``max_instances`` skips images with more objects, crowd regions included. Of the remaining images the first
    ``max_images`` are used, changed so that ``at_least[name]`` of them hold class ``name``.
    """

    only_with_objects: bool = False
    drop_crowd_images: bool = False
    max_instances: int | None = None
    max_images: int | None = None
    at_least: Mapping[str, int] = field(default_factory=dict)

    def reason_against(self, objects: ImageObjects) -> str | None:
        """Return the reason to skip an image with these objects, or None when it is used."""
        if self.only_with_objects and not objects.ids:
            return "image_without_objects"
        if self.drop_crowd_images and any(objects.crowd):
            return "image_with_crowd"
        if self.max_instances is not None and len(objects.ids) > self.max_instances:
            return "image_with_too_many_instances"
        return None


@dataclass
class Selection:
    """The images of one file that an experiment uses, and the audit of the whole file.

    ``skipped_images`` lists image ids by reason. ``absent_classes`` are the classes of ``table`` that the file lacks.
    ``categories`` are the file's own, name by id.
    """

    table: ClassTable
    images: list[ImageObjects]
    audit: Audit
    skipped_images: dict[str, list[int]] = field(default_factory=dict)
    absent_classes: list[str] = field(default_factory=list)
    categories: Mapping[int, str] = field(default_factory=dict)


def select(
    coco: CocoFile,
    table: ClassTable,
    folder: Path | None = None,
    choice: SelectionRules | None = None,
    labels: Mapping[int, int] | None = None,
) -> Selection:
    """Return the images of ``coco`` that ``choice`` allows, with their objects rasterised.

    ``labels`` gives the class index by category id; by default categories are matched to ``table`` by name. With
    ``folder``, an image is skipped, with a fault in the audit, when its file is missing, cut off, unreadable or of
    another size than the JSON states. The audit covers every annotation of the file.

    Raises ``DataError`` when the demands of ``choice.at_least`` cannot be met.
    """
    choice = choice or SelectionRules()
    audit = audit_of_reading(coco)
    absent = absent_classes(coco, table)
    if labels is None:
        labels = label_by_category(coco, table)
    else:
        absent = [c.name for c in table if c.index not in labels.values()]
    selection = Selection(table, [], audit, absent_classes=absent, categories=category_names(coco))
    by_image, ignored = coco.by_image(), coco.ignored_by_image()
    for image in coco.images:
        annotations = by_image[image.id]
        fault = file_fault(image, folder) if folder is not None else None
        if fault is not None:
            audit.faults.append(fault)
            listed = len(annotations) + len(ignored[image.id])
            audit.found += listed
            audit.skip(fault.code, listed)
            selection.skipped_images.setdefault(fault.code, []).append(image.id)
            continue
        objects = draw_objects(image, annotations, labels, audit, ignored[image.id])
        reason = choice.reason_against(objects)
        if reason is None and choice.max_images is not None and len(selection.images) >= choice.max_images:
            # Skipped at once, because the images of a large file would not fit into memory together.
            reason = None if _held(objects, table) & choice.at_least.keys() else "image_beyond_max_images"
        if reason is None:
            selection.images.append(objects)
        else:
            _leave_out(selection, objects, reason)
    _take_the_first(selection, choice)
    return selection


def _held(objects: ImageObjects, table: ClassTable) -> set[str]:
    return {table.classes[label - 1].name for label in objects.labels}


def _leave_out(selection: Selection, objects: ImageObjects, reason: str) -> None:
    selection.audit.used -= objects.used
    selection.audit.skip(reason, objects.used)
    selection.skipped_images.setdefault(reason, []).append(objects.image.id)


def _take_the_first(selection: Selection, choice: SelectionRules) -> None:
    """Skip the images beyond ``choice.max_images``."""
    held = {objects.image.id: _held(objects, selection.table) for objects in selection.images}
    taken = first_images(held, list(held), choice.max_images, choice.at_least, selection.audit.source)
    for objects in selection.images:
        if objects.image.id not in taken:
            _leave_out(selection, objects, "image_beyond_max_images")
    selection.images = [objects for objects in selection.images if objects.image.id in taken]


def audit_of_reading(coco: CocoFile) -> Audit:
    """Return an audit that holds the faults of reading ``coco`` and counts the annotations skipped by it."""
    audit = Audit(str(coco.path))
    for fault in coco.faults:
        if fault.kind == "annotation" and fault.code not in STILL_USED:
            audit.found += 1
            audit.fault(fault)
        else:
            audit.faults.append(fault)
    for reason, count in coco.rejected.items():
        audit.found += count
        audit.skip(reason, count)
    return audit


def rejected_records(coco: CocoFile, kind: str) -> Counter[str]:
    """Return how many records of ``kind`` (``image``, ``annotation``, ``category``) reading skipped, by fault code."""
    return Counter(fault.code for fault in coco.faults if fault.kind == kind and fault.code not in STILL_USED)


def file_fault(image: CocoImage, folder: Path) -> Fault | None:
    """Return the fault of the file of ``image`` in ``folder``, or None when the file can be used.

    Faults are a file that is missing, cut off, unreadable, or of another size than the JSON states.
    """
    try:
        path = image_path(folder, image.file_name)
        if not os.path.isfile(path):  # unlike Path.is_file, False for a name that no file can have
            return Fault("missing_image", "image", image.id, f"has no file '{image.file_name}' in {folder}")
        if is_truncated(path):
            return Fault("truncated_image", "image", image.id, f"('{image.file_name}') is cut off: its end is missing")
        found = image_size(path)
    except (DataError, OSError) as error:
        return Fault("unreadable_image", "image", image.id, f"('{image.file_name}'): {error}")
    if found != (image.height, image.width):
        message = (
            f"('{image.file_name}') is {found[1]}×{found[0]} pixels on disk, "
            f"but {image.width}×{image.height} in the JSON (width×height)"
        )
        return Fault("image_size", "image", image.id, message)
    return None


def class_statistics(
    images: Iterable[ImageObjects], table: ClassTable, *, crowd: bool = False
) -> dict[str, dict[str, int]]:
    """Return ``instances``, ``images`` and ``pixels`` (sum of mask areas) by class name.

    Crowd regions count only with ``crowd``.
    """
    statistics = {name: {"instances": 0, "images": 0, "pixels": 0} for name in table.names}
    for objects in images:
        seen = set()
        for label, drawn, is_crowd in zip(objects.labels, objects.drawn, objects.crowd, strict=True):
            if is_crowd and not crowd:
                continue
            row = statistics[table.classes[label - 1].name]
            row["instances"] += 1
            row["pixels"] += drawn.area
            row["images"] += label not in seen
            seen.add(label)
    return statistics
