"""Comparison of two COCO files of one experiment: classes by name, images by picture or by file name."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.annotations.checks.cross_file import ClassComparison, class_faults, compare_classes, same_file_names
from maskwright.annotations.checks.duplicate_images import duplicate_faults, duplicates_between, fingerprints
from maskwright.annotations.coco.file import CocoFile, read_coco
from maskwright.annotations.faults import Fault
from maskwright.progress import Reporter


@dataclass
class FileComparison:
    """The comparison of a file with the one at ``path``.

    ``images`` counts the images in both files as ``same`` or ``near``. They are compared ``by`` picture or file name.
    ``unread`` is the number of images of both files that could not be compared. ``faults`` are those of the first file.
    """

    path: Path
    classes: ClassComparison
    by: str
    images: dict[str, int]
    unread: int
    faults: list[Fault]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON values for ``--json``."""
        return {
            "file": str(self.path),
            "classes": self.classes.to_json(),
            "images": {"compared_by": self.by, **self.images, "unread": self.unread},
        }


def compare_files(
    coco: CocoFile,
    against: Path,
    images: Path | None,
    against_images: Path | None,
    workers: int | None,
    reporter: Reporter,
) -> FileComparison:
    """Compare ``coco`` with the COCO file ``against``.

    Pictures are compared when both image folders are given, file names otherwise. ``workers`` is as in
    :func:`maskwright.annotations.checks.duplicate_images.fingerprints`.

    Raises the errors of :func:`maskwright.annotations.coco.file.read_coco`.
    """
    other = read_coco(against)
    classes = compare_classes(coco, other)
    faults = list(class_faults(classes, other))
    if images is None or against_images is None:
        same = list(same_file_names(coco, other))
        return FileComparison(against, classes, "file name", {"same": len(same)}, 0, faults + same)
    here, there = (
        fingerprints(file, folder, workers, track_images(reporter, file, f"pictures of {file.path.name}"))
        for file, folder in ((coco, images), (other, against_images))
    )
    pairs = list(duplicates_between(here, there))
    kinds = Counter(pair.kind for pair in pairs)
    return FileComparison(
        against,
        classes,
        "picture",
        {"same": kinds["same"], "near": kinds["near"]},
        len(here.unread) + len(there.unread),
        [*faults, *duplicate_faults(pairs, coco, other)],
    )


def track_images(reporter: Reporter, coco: CocoFile, what: str) -> Callable[[Iterator[Any]], Iterable[Any]]:
    """Return a function that shows progress over the images of ``coco``; ``what`` is its label."""
    return lambda items: reporter.track(items, what, total=len(coco.images))
