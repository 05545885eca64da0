"""All checks of one file, with the audit of its annotations."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.annotations.checks.boxes import area_faults, box_faults
from maskwright.annotations.checks.categories import category_faults
from maskwright.annotations.checks.crowds import crowd_faults, crowds_as_holes
from maskwright.annotations.checks.ids import id_faults
from maskwright.annotations.checks.image_files import image_file_faults
from maskwright.annotations.checks.measurements import AnnotationBatch, annotation_batches
from maskwright.annotations.checks.paths import path_faults
from maskwright.annotations.checks.repeated_objects import repeated_objects
from maskwright.annotations.checks.segmentations import segmentation_faults
from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.faults import IMPLIED, REPAIRABLE, STILL_USED, Audit, Fault
from maskwright.annotations.findings import Findings
from maskwright.parallel.garbage_collection import collector_paused


@dataclass
class Examination:
    """The faults of a file, the audit of its annotations, and the ids of annotations that a repair may change."""

    findings: Findings
    audit: Audit
    repairable: set[int] = field(default_factory=set)

    def enter(self, faults: Iterable[Fault]) -> None:
        """Add ``faults`` to the findings, and the ids of annotations with repairable faults to ``repairable``."""
        for fault in faults:
            self.findings.add(fault)
            if fault.code in REPAIRABLE and fault.kind == "annotation" and isinstance(fault.record, int):
                self.repairable.add(fault.record)


def examine(
    coco: CocoFile,
    folder: Path | None = None,
    workers: int | None = None,
    track: Callable[[Iterator[list[Fault]]], Iterable[list[Fault]]] = iter,
) -> Examination:
    """Run all checks of one file on ``coco``; images are opened only when their ``folder`` is given.

    An annotation is used when it can be drawn and, with ``folder``, its image can be read. ``workers`` and ``track``
    are those of :func:`maskwright.annotations.checks.image_files.image_file_faults`. A file of another kind, such as
    boxes alone, has one fault that says so, and none of those that follow from it.
    """
    examination = Examination(Findings(str(coco.path)), Audit(str(coco.path), found=coco.annotations_found))
    implied = IMPLIED[coco.kind.code] if coco.kind is not None else frozenset()
    with collector_paused():
        examination.enter(fault for fault in coco.faults if fault.code not in implied)
        for fault in coco.faults:
            if fault.kind == "annotation" and fault.code not in STILL_USED:
                examination.audit.skip(_reason(fault, coco))
        examination.enter(id_faults(coco))
        examination.enter(category_faults(coco))
        unusable = _images(examination, coco, folder, workers, track)
        bounds = _annotations(examination, coco, unusable)
        examination.enter(crowds_as_holes(coco, bounds))
        examination.enter(repeated_objects(coco))
    return examination


def _images(
    examination: Examination, coco: CocoFile, folder: Path | None, workers: int | None, track: Callable[..., Any]
) -> dict[int, str]:
    """Enter the faults of image files and their names; return the fault code by id of images that are unusable."""
    unusable: dict[int, str] = {}
    sources = [path_faults(coco, folder)]
    if folder is not None:
        sources.append(image_file_faults(coco, folder, workers, track))
    for faults in sources:
        for fault in faults:
            examination.enter([fault])
            if folder is not None and fault.kind == "image" and fault.code not in STILL_USED:
                unusable.setdefault(fault.record, fault.code)
    return unusable


def _annotations(examination: Examination, coco: CocoFile, unusable: dict[int, str]) -> npt.NDArray[np.float64]:
    """Enter the faults of annotations, and count each annotation as used or skipped.

    ``unusable`` are fault codes by image id. Returns the bounds ``(N, 4)`` xyxy of what each annotation draws.
    """
    known = {(fault.code, fault.record) for fault in coco.faults if fault.code in ("bad_box", "bad_area")}
    bounds = [np.zeros((0, 4))]
    for batch in annotation_batches(coco):
        for faults in (
            segmentation_faults(batch) if coco.kind is None else (),
            box_faults(batch, known),
            area_faults(batch, known),
            crowd_faults(batch),
        ):
            examination.enter(faults)
        _account(examination.audit, batch, coco, unusable)
        bounds.append(batch.bounds)
        del batch  # before the next one takes as much memory
    return np.concatenate(bounds)


def _reason(fault: Fault, coco: CocoFile) -> str:
    """Return the code that an annotation with ``fault`` is skipped for: that of the file where it follows from it."""
    return coco.kind.code if coco.kind is not None and fault.code in IMPLIED[coco.kind.code] else fault.code


def _account(audit: Audit, batch: AnnotationBatch, coco: CocoFile, unusable: dict[int, str]) -> None:
    """Count each annotation of ``batch`` as used, or as skipped for one reason."""
    skipped = {position: _reason(fault, coco) for position, fault in batch.faults if fault.code not in STILL_USED}
    if unusable:
        for position, annotation in enumerate(batch.annotations):
            if annotation.image_id in unusable:
                skipped.setdefault(position, unusable[annotation.image_id])
    for code in skipped.values():
        audit.skip(code)
    drawn = np.isfinite(batch.areas)
    drawn[list(skipped)] = False
    audit.used += int(drawn.sum())
