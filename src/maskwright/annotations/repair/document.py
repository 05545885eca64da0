"""The repair of a whole COCO file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from maskwright.annotations.checks.examination import Examination
from maskwright.annotations.coco.document import Document, Record
from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.coco.loose_records import integer
from maskwright.annotations.repair.annotations import AnnotationRepairs
from maskwright.annotations.repair.edit import Edit, Repair
from maskwright.annotations.repair.images import (
    remove_controls_from_names,
    remove_repeated,
    repair_category_record,
    repair_image_record,
)
from maskwright.images.folder_names import FolderNames

# Faults of the text that reading the file and writing it again corrects.
_OF_TEXT = {
    "json_bom": "removed the byte-order mark",
    "json_utf16": "wrote UTF-8",
    "json_gzip": "wrote it uncompressed",
    "json_trailing_comma": "removed the trailing commas",
    "json_not_finite": "wrote null for NaN and Infinity",
}

# Why a fault is not repaired, for those where a repair seems obvious.
NOT_REPAIRED_BECAUSE = {
    "boxes_file": "masks cannot be made from boxes alone",
    "json_encoding": "which encoding its bytes are in is not known",
    "bad_annotation": "what its fields should be is not known",
    "bad_image": "what its fields should be is not known",
    "bad_category": "what its fields should be is not known",
    "duplicate_id": "the records differ, and which of them is meant is not known",
    "unknown_image": "which image is meant is not known",
    "unknown_category": "which category is meant is not known",
    "control_in_name": "another category has the name without them, or nothing else is in it",
    "empty_segmentation": "no annotation of the file draws anything: it is a file of boxes",
    "bad_polygon": "the outline that was meant is not known",
    "rle_size": "it may be rotated, scaled, or of another image",
    "rle_counts": "where pixels are missing is not known",
    "bad_iscrowd": "whether it is a crowd is not known",
    "area_disagrees": "scores by object size would change; that is for you to decide",
    "image_size": "whether the record or the file is the right one is not known",
    "image_orientation": "whether masks were drawn on the rotated image is not known",
    "case_differs": "several files differ only in case",
    "shared_mask_file": "other files may refer to the names",
}


@dataclass
class RepairedDocument:
    """The records of a repaired file, the repairs, and the number of annotations that were removed."""

    head: Mapping[str, msgspec.Raw]
    images: Sequence[Record]
    annotations: Sequence[Record]
    categories: Sequence[Record]
    repairs: Sequence[Repair]
    removed: int


def repair_document(document: Document, examination: Examination, folder: Path | None = None) -> RepairedDocument:
    """Repair the unambiguous faults of ``document`` that ``examination`` found.

    Backslashes in file names are corrected even without a ``folder`` of images, other spellings only by the files in
    it. Records without a fault are written verbatim.
    """
    coco = document.coco
    names = None if folder is None else FolderNames(folder)
    images = [repair_image_record(raw, names) for raw in document.images]
    categories = [repair_category_record(raw) for raw in document.categories]
    remove_controls_from_names(categories)
    remove_repeated(images)
    remove_repeated(categories)
    annotations = AnnotationRepairs(
        {image.id: (image.height, image.width) for image in coco.images},
        examination.repairable,
        next_annotation_id(coco),
        {fault.record for fault in coco.faults if fault.code == "duplicate_id" and fault.kind == "annotation"},
        remove_empty=coco.kind is None and examination.audit.skipped["empty_segmentation"] < coco.annotations_found,
    )
    written = list(annotations.repair_records(document.annotations))
    edits = [*images, *categories]
    repairs = [*_of_text(coco), *(each for edit in edits for each in edit.repairs), *annotations.repairs]
    return RepairedDocument(document.head, _kept(images), written, _kept(categories), repairs, annotations.removed)


def _of_text(coco: CocoFile) -> list[Repair]:
    return [
        Repair(fault.code, fault.kind, fault.record, _OF_TEXT[fault.code])
        for fault in coco.faults
        if fault.code in _OF_TEXT
    ]


def next_annotation_id(coco: CocoFile) -> int:
    """Return the first id above all annotation ids of the file, those of skipped records included."""
    found: list[Any] = [annotation.id for annotation in coco.annotations]
    for fault in coco.faults:
        if fault.kind == "annotation":
            found.append(fault.record if isinstance(fault.record, int) else integer(fault.record))
    return max((each for each in found if each is not None and each > 0), default=0) + 1


def _kept(edits: list[Edit]) -> list[Record]:
    return [edit.record for edit in edits if not edit.removed]
