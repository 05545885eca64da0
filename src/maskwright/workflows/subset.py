"""Part of a COCO file as a COCO file, every record as it was written, with everything left out accounted for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.annotations.coco.document import Document, read_document, records_with_ids, write_coco
from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.faults import Audit
from maskwright.annotations.selection.select import rejected_records
from maskwright.annotations.selection.subset import Subset, SubsetRules, choose_subset, require_images
from maskwright.files import require_other_file
from maskwright.progress import Reporter


@dataclass
class SubsetSummary:
    """What was kept of a file, and why the rest was not.

    ``images`` and ``categories`` are ``{"in", "used", "left_out": {reason: number}}``, where in = used + left out;
    ``classes`` holds the ``images`` and ``instances`` of each class kept, crowd regions not among them;
    ``images_left_out`` lists image ids by reason.
    """

    file: Path
    images: dict[str, Any]
    categories: dict[str, Any]
    classes: dict[str, dict[str, int]]
    audit: Audit
    skipped_images: dict[str, list[int]]

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "file": str(self.file),
            "images": self.images,
            "annotations": self.audit.to_json(),
            "categories": self.categories,
            "classes": self.classes,
            "images_left_out": self.skipped_images,
        }


def subset(
    annotations: Path,
    out: Path,
    *,
    classes: Sequence[str] | None = None,
    keep_empty: bool = False,
    drop_crowd: bool = False,
    drop_crowd_images: bool = False,
    max_instances: int | None = None,
    max_images: int | None = None,
    at_least: Mapping[str, int] | None = None,
    seed: int = 0,
    reporter: Reporter | None = None,
) -> SubsetSummary:
    """Write the chosen part of the COCO file ``annotations`` to the file ``out``.

    Records keep every field, known or not, and their ids; so do ``info``, ``licenses`` and other top-level keys.
    What can be chosen is said at :class:`maskwright.annotations.selection.subset.SubsetRules`.

    Raises ``UsageError`` for an unknown class, ``DataError`` when no image is left or too few hold a class.
    """
    require_other_file(out, annotations)
    choice = SubsetRules(
        classes, keep_empty, drop_crowd, drop_crowd_images, max_instances, max_images, at_least or {}, seed
    )
    document = read_document(annotations)
    kept = choose_subset(document.coco, choice)
    require_images(document.coco, kept)
    summary = _summary(out, document, kept)
    if max_images is not None and len(kept.images) < max_images:
        found = f"images that fit the choice: {len(kept.images)}; --max-images asks for {max_images}"
        (reporter or Reporter()).warn([f"{annotations}: {found}. All are kept."])
    write_coco(
        out,
        records_with_ids(document.images, kept.images),
        records_with_ids(document.annotations, kept.annotations),
        records_with_ids(document.categories, kept.categories),
        document.head,
    )
    return summary


def _summary(out: Path, document: Document, kept: Subset) -> SubsetSummary:
    coco = document.coco
    left_out = {reason: len(ids) for reason, ids in kept.skipped_images.items()} | dict(rejected_records(coco, "image"))
    other = len(coco.categories) - len(kept.categories)
    unwanted = ({"other_class": other} if other else {}) | dict(rejected_records(coco, "category"))
    return SubsetSummary(
        out,
        {"in": len(document.images), "used": len(kept.images), "left_out": left_out},
        {"in": len(document.categories), "used": len(kept.categories), "left_out": unwanted},
        _class_counts(coco, kept),
        kept.audit,
        kept.skipped_images,
    )


def _class_counts(coco: CocoFile, kept: Subset) -> dict[str, dict[str, int]]:
    used = set(kept.annotations)
    images: dict[str, set[int]] = {name: set() for name in kept.categories.values()}
    counts = {name: {"images": 0, "instances": 0} for name in images}
    for annotation in coco.annotations:
        if annotation.id in used and not annotation.iscrowd:
            name = kept.categories[annotation.category_id]
            images[name].add(annotation.image_id)
            counts[name]["instances"] += 1
    for name, ids in images.items():
        counts[name]["images"] = len(ids)
    return counts
