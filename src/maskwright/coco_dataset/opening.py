"""Reading of a COCO file and its images; records that cannot be used are excluded by reason."""

from collections.abc import Collection
from pathlib import Path

from maskwright.annotations.coco.document import Document, read_document, records_with_ids
from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.faults import STILL_USED, Audit
from maskwright.annotations.selection.select import audit_of_reading, file_fault
from maskwright.coco_dataset.exclusions import Exclusions, NamesByReason
from maskwright.errors import DataError, require_folder


def read_checked(path: Path, folder: Path | None) -> tuple[Document, Exclusions]:
    """Return the usable records of the COCO file ``path``, and an account of the excluded ones.

    The checks are those of a run. Records that do not fit are excluded. With a ``folder``, images whose file is
    missing, truncated, unreadable or of another size than the JSON says are excluded too, with their annotations.

    Raises ``UsageError`` when the file or the folder does not exist, ``DataError`` when the file is not a COCO file or
    none of its images can be used from the folder.
    """
    document = read_document(path)
    coco = document.coco
    audit = audit_of_reading(coco)
    excluded: NamesByReason = {}
    for fault in coco.faults:
        if fault.kind == "image" and fault.code not in STILL_USED:
            excluded.setdefault(fault.code, []).append(f"image {fault.record}")
    unusable = _without_file(coco, require_folder(folder, "images"), audit, excluded) if folder is not None else set()
    if unusable and len(unusable) == len(coco.images):
        first = next(fault for fault in audit.faults if fault.kind == "image" and fault.record in unusable)
        raise DataError(
            f"{path}: none of its {len(coco.images)} images can be used from {folder} ({first}); expected the files "
            "that it lists. Give their folder as images."
        )
    return _usable(document, unusable), Exclusions(audit, excluded)


def part_of(
    document: Document,
    images: Collection[int],
    annotations: Collection[int],
    categories: Collection[int] | None = None,
) -> Document:
    """Return the records of ``document`` with these ids, in its order; all categories by default."""
    coco = document.coco
    chosen = {category.id for category in coco.categories} if categories is None else set(categories)
    of_images, of_annotations = set(images), set(annotations)
    part = CocoFile(
        coco.path,
        [image for image in coco.images if image.id in of_images],
        [category for category in coco.categories if category.id in chosen],
        [annotation for annotation in coco.annotations if annotation.id in of_annotations],
        len(of_annotations),
    )
    return Document(
        part,
        document.head,
        list(records_with_ids(document.images, of_images)),
        list(records_with_ids(document.annotations, of_annotations)),
        list(records_with_ids(document.categories, chosen)),
    )


def _without_file(coco: CocoFile, folder: Path, audit: Audit, excluded: NamesByReason) -> set[int]:
    """Add the images whose file cannot be used to ``audit`` and ``excluded``; return their ids."""
    unusable: set[int] = set()
    by_image = coco.by_image()
    for image in coco.images:
        fault = file_fault(image, folder)
        if fault is not None:
            listed = len(by_image[image.id])
            audit.faults.append(fault)
            audit.found += listed
            audit.skip(fault.code, listed)
            excluded.setdefault(fault.code, []).append(image.file_name)
            unusable.add(image.id)
    return unusable


def _usable(document: Document, unusable: set[int]) -> Document:
    coco = document.coco
    if not coco.faults and not unusable:
        return document
    images = [image.id for image in coco.images if image.id not in unusable]
    annotations = [each.id for each in coco.annotations if each.image_id not in unusable]
    return part_of(document, images, annotations)
