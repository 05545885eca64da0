"""Write a subset of a COCO file: every kept record unchanged, every skipped one counted by reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.annotations.coco.document import Document, read_document, records_with_ids, write_coco
from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.faults import Audit
from maskwright.annotations.selection.select import rejected_records
from maskwright.annotations.selection.subset import Subset, SubsetRules, choose_subset, require_images
from maskwright.outputs.output import Output
from maskwright.outputs.writing import output_files
from maskwright.progress import Reporter


@dataclass
class SubsetSummary:
    """The result of a subset: what was kept, and the reason why each other record was skipped.

    ``images`` and ``categories`` are ``{"in", "used", "left_out": {reason: number}}``, where ``in`` = ``used`` + all of
    ``left_out``. ``classes`` has the numbers of ``images`` and ``instances`` of each class, without crowd regions.
    ``skipped_images`` has image ids by reason.
    """

    file: Path
    images: dict[str, Any]
    categories: dict[str, Any]
    classes: dict[str, dict[str, int]]
    audit: Audit
    skipped_images: dict[str, list[int]]

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "file": str(self.file),
            "images": self.images,
            "annotations": self.audit.to_json(),
            "categories": self.categories,
            "classes": self.classes,
            "images_left_out": self.skipped_images,
        }


def subset(
    annotations: str | Path,
    out: str | Path,
    *,
    classes: Sequence[str] | None = None,
    keep_empty: bool = False,
    drop_crowd: bool = False,
    drop_crowd_images: bool = False,
    max_instances: int | None = None,
    max_images: int | None = None,
    at_least: Mapping[str, int] | None = None,
    seed: int = 0,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> SubsetSummary:
    """Write a subset of a COCO file as a COCO file.

    Kept records stay as they are, with their ids and all fields; so do ``info``, ``licenses`` and other top-level keys.
    Of the images that fit, ``max_images`` are drawn at random.

    Args:
        annotations: The COCO JSON file.
        out: The COCO JSON file to write.
        classes: The class names to keep, with the images that hold one of them; None for all.
        keep_empty: Keep images without any of the ``classes`` too.
        drop_crowd: Drop crowd regions; their images stay.
        drop_crowd_images: Drop images with a crowd region of the classes.
        max_instances: Drop images with more annotations of the classes; crowd regions count unless dropped.
        max_images: How many images to draw; None for all.
        at_least: The least number of drawn images with an object of a class, by class name. Crowd regions do not count.
        seed: The same seed draws the same images.
        overwrite: Replace ``out`` where it exists. Never replaced are ``annotations`` and what is no regular file.
        reporter: Where warnings go; standard error by default.

    Returns:
        The numbers of images, annotations and categories kept, and of those skipped by reason.

    Raises:
        UsageError: A class is unknown, a number is below 1, the file is missing, or ``out`` exists and is not equal
            to the subset, or is the same file.
        DataError: No image is left, too few images hold a class, or the file is no COCO JSON.

    Example:
        >>> import maskwright as mw
        >>> done = mw.subset("labels.json", "rings.json", classes=["ring"], max_images=3, seed=1)
        >>> done.images["used"], list(done.classes)
        (3, ['ring'])
    """
    annotations, out, reporter = Path(annotations), Path(out), reporter or Reporter()
    output = Output("subset", out, reporter.notice, [annotations], overwrite)
    output.require_possible(out)
    choice = SubsetRules(
        classes, keep_empty, drop_crowd, drop_crowd_images, max_instances, max_images, at_least or {}, seed
    )
    document = read_document(annotations)
    kept = choose_subset(document.coco, choice)
    require_images(document.coco, kept)
    summary = _summary(out, document, kept)
    if max_images is not None and len(kept.images) < max_images:
        found = f"images that fit the choice: {len(kept.images)}; --max-images asks for {max_images}"
        reporter.warn([f"{annotations}: {found}. All are kept."])
    with output_files(output) as staging:
        write_coco(
            staging / out.name,
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
