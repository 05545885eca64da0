"""Check a COCO file: count and name every fault, account for every annotation, repair what is unambiguous."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.annotations.checks.comparison import FileComparison, compare_files, track_images
from maskwright.annotations.checks.examination import examine
from maskwright.annotations.coco.document import read_document
from maskwright.annotations.coco.file import CocoFile, read_coco
from maskwright.annotations.coco.json_text import BadJson
from maskwright.annotations.faults import Audit, Fault
from maskwright.annotations.findings import Findings
from maskwright.annotations.repair.repaired_file import RepairSummary, repair_output, write_repaired_file
from maskwright.errors import UsageError, require_file, require_folder
from maskwright.progress import Reporter


@dataclass
class CheckSummary:
    """The result of a check.

    ``findings`` holds the faults by code, ``audit`` the used and skipped annotations. ``images`` and ``categories``
    count the records of the file, rejected ones included. ``against`` is the comparison with another file, and
    ``repairs`` describes the repaired copy; both are None where they were not asked for. ``fix_wanted`` is true when a
    repair was asked for.
    """

    findings: Findings
    audit: Audit
    images: int = 0
    categories: int = 0
    against: FileComparison | None = None
    repairs: RepairSummary | None = None
    fix_wanted: bool = False

    @property
    def errors(self) -> int:
        """The number of errors; after a repair of those that remain, and of images that both files share."""
        if self.repairs is None:
            return self.findings.number("error")
        return self.repairs.remaining.number("error") + self.findings.counts["same_image"]

    @property
    def exit_code(self) -> int:
        """The exit code of the command: 1 when there are errors, else 0."""
        return int(self.errors > 0)

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints; ``counts`` has ``in`` = ``used`` + ``skipped``."""
        skipped = dict(sorted(self.audit.skipped.items()))
        return {
            "file": self.findings.source,
            "faults": self.findings.to_json(),
            "counts": {
                "images": self.images,
                "annotations": self.audit.found,
                "categories": self.categories,
                "in": self.audit.found,
                "used": self.audit.used,
                "skipped": sum(skipped.values()),
                "skipped_by": skipped,
                "errors": self.findings.number("error"),
                "warnings": self.findings.number("warning"),
            },
            "against": self.against.to_json() if self.against else None,
            "repairs": self.repairs.to_json() if self.repairs else None,
        }

    def lines(self) -> list[str]:
        """Return the lines for a terminal: the faults, worst first, the repairs, and the counts."""
        lines = self.findings.lines()
        if lines:
            lines.append("")
        if self.repairs is not None:
            lines += [*self.repairs.lines(), ""]
        lines += self._counts()
        errors, warnings = self.findings.number("error"), self.findings.number("warning")
        counted = f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}" if errors or warnings else "no fault"
        return [*lines, f"{counted} in {self.findings.source}{self._repaired()}"]

    def _repaired(self) -> str:
        if self.repairs is not None:
            return f"; {_counted(self.errors, 'error')} left in {self.repairs.out}"
        return "; nothing was repaired: it cannot be read" if self.fix_wanted else ""

    def _counts(self) -> list[str]:
        if not self.audit.found and not self.images:
            return []
        skipped = ", ".join(f"{count} {reason}" for reason, count in sorted(self.audit.skipped.items()))
        total = sum(self.audit.skipped.values())
        lines = [
            f"{_counted(self.images, 'image')}, {_counted(self.categories, 'category')}",
            f"annotations: {self.audit.found} found = {self.audit.used} used + {total} skipped"
            f"{f' ({skipped})' if skipped else ''}",
        ]
        if self.repairs is not None:
            again = self.repairs.audit
            lines.append(
                f"repaired:    {again.found + self.repairs.removed} found = {again.used} used + "
                f"{sum(again.skipped.values())} skipped + {self.repairs.removed} repaired away"
            )
        return lines


def check(
    annotations: str | Path,
    *,
    images: str | Path | None = None,
    against: str | Path | None = None,
    against_images: str | Path | None = None,
    fix: str | Path | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> CheckSummary:
    """Check a COCO file: count and name every fault, and account for every annotation.

    A file that is not JSON is a finding like any other; it raises nothing.

    Args:
        annotations: The COCO JSON file.
        images: The folder of its images. With it, every image file is opened and checked too.
        against: Another COCO file of the same experiment. Its classes are compared by name. Its images are compared by
            content where both image folders are given, else by file name.
        against_images: The folder of the images of ``against``; needs ``against`` and ``images``.
        fix: A new file for a repaired copy. ``<fix>.repairs.json`` beside it lists every repair.
        workers: How many threads read images; None is one per core.
        reporter: Where progress goes; standard error by default.

    Returns:
        The faults by code with examples, the audit of the annotations, and the repairs.

    Raises:
        UsageError: A file or folder does not exist, ``fix`` exists, or ``against_images`` comes without
            ``against`` and ``images``.
        DataError: ``against`` is no COCO JSON.

    Example:
        >>> import maskwright as mw
        >>> summary = mw.check("labels.json", images="photos")
        >>> summary.errors, summary.images, summary.audit.adds_up
        (0, 12, True)
        >>> summary.findings.codes()
        ['category_gaps']
    """
    annotations, reporter = Path(annotations), reporter or Reporter()
    images, against, against_images, fix = (
        Path(path) if path is not None else None for path in (images, against, against_images, fix)
    )
    _require(annotations, images, against, against_images)
    inputs = [path for path in (annotations, against) if path is not None]
    output = repair_output(fix, inputs, reporter.notice) if fix is not None else None
    try:
        document = read_document(annotations) if fix is not None else None
        coco = document.coco if document is not None else read_coco(annotations)
    except BadJson as bad:
        return _unreadable(annotations, bad, fix_wanted=fix is not None)
    examination = examine(coco, images, workers, track_images(reporter, coco, "images checked"))
    summary = CheckSummary(examination.findings, examination.audit, _found(coco, "image"), _found(coco, "category"))
    if against is not None:
        summary.against = compare_files(coco, against, images, against_images, workers, reporter)
        examination.enter(summary.against.faults)
    if document is not None and output is not None:
        summary.repairs = write_repaired_file(document, examination, output, images, workers)
    return summary


def _require(annotations: Path, images: Path | None, against: Path | None, against_images: Path | None) -> None:
    for folder in (images, against_images):
        if folder is not None:
            require_folder(folder, "images")
    if against is not None:
        require_file(against, "annotations")
    if against_images is not None and (against is None or images is None):
        raise UsageError("--against-images needs --against and --images: pictures are compared between two folders.")


def _unreadable(annotations: Path, bad: BadJson, fix_wanted: bool) -> CheckSummary:
    findings = Findings(str(annotations))
    findings.add(Fault(bad.code, "file", None, bad.found))
    return CheckSummary(findings, Audit(str(annotations)), fix_wanted=fix_wanted)


def _found(coco: CocoFile, kind: str) -> int:
    """Return the number of records of ``kind`` in the file, rejected ones included."""
    kept = coco.images if kind == "image" else coco.categories
    left_out = (f"bad_{kind}", "duplicate_id")
    return len(kept) + sum(fault.kind == kind and fault.code in left_out for fault in coco.faults)


def _counted(count: int, what: str) -> str:
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{count} {what if count == 1 else plural}"
