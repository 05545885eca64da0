"""Check a COCO file: count and name every fault, account for every annotation, repair what is unambiguous."""

from pathlib import Path

from maskwright.annotations.check_summary import CheckSummary, records_found
from maskwright.annotations.checks.comparison import compare_files, track_images
from maskwright.annotations.checks.examination import examine
from maskwright.annotations.coco.document import read_document
from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.coco.json_text import BadJson
from maskwright.annotations.faults import Audit, Fault
from maskwright.annotations.findings import Findings
from maskwright.annotations.repair.decisions import Decision, read_decisions
from maskwright.annotations.repair.repaired_file import repair_output, write_repaired_file
from maskwright.errors import UsageError, require_file, require_folder
from maskwright.progress import Reporter
from maskwright.reviewing.labelling_tools.exported_decisions import exported_decisions


def check(
    annotations: str | Path,
    *,
    images: str | Path | None = None,
    against: str | Path | None = None,
    against_images: str | Path | None = None,
    fix: str | Path | None = None,
    decisions: str | Path | None = None,
    suspects: str | Path | None = None,
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
        decisions: The decisions of a review of the file, see :func:`maskwright.review`; accepted ones are applied to
            the copy first. Needs ``fix``.
        suspects: ``suspects.json`` of that review, or its folder, where ``decisions`` are the export of a labelling
            tool that decided its tasks.
        workers: How many threads read images; None is one per core.
        reporter: Where progress goes; standard error by default.

    Returns:
        The faults by code with examples, the audit of the annotations, and the repairs.

    Raises:
        UsageError: A file or folder does not exist, ``fix`` exists, ``decisions`` come without it,
            ``suspects`` without ``decisions``, or ``against_images`` without ``against`` and ``images``.
        DataError: ``against`` is no COCO JSON, or ``decisions`` are of another file or review.

    Example:
        >>> import maskwright as mw
        >>> summary = mw.check("labels.json", images="photos")
        >>> summary.errors, summary.images, summary.audit.adds_up
        (0, 12, True)
        >>> summary.findings.codes()
        ['category_gaps']
    """
    annotations, reporter = Path(annotations), reporter or Reporter()
    images, against, against_images, fix, decisions, suspects = (
        Path(path) if path is not None else None for path in (images, against, against_images, fix, decisions, suspects)
    )
    _require(annotations, images, against, against_images)
    if decisions is not None and fix is None:
        raise UsageError("--decisions needs --fix OUT: accepted decisions are applied to a copy.")
    decided = _decided(decisions, suspects, annotations)
    inputs = [path for path in (annotations, against, decisions, suspects) if path is not None]
    output = repair_output(fix, inputs, reporter.notice) if fix is not None else None
    try:
        document = read_document(annotations) if fix is not None else None
        coco = document.coco if document is not None else read_coco(annotations)
    except BadJson as bad:
        return _unreadable(annotations, bad, fix_wanted=fix is not None)
    examination = examine(coco, images, workers, track_images(reporter, coco, "images checked"))
    summary = CheckSummary(
        examination.findings, examination.audit, records_found(coco, "image"), records_found(coco, "category")
    )
    if against is not None:
        summary.against = compare_files(coco, against, images, against_images, workers, reporter)
        examination.enter(summary.against.faults)
    if document is not None and output is not None:
        summary.repairs = write_repaired_file(document, examination, output, images, workers, decided)
    return summary


def _require(annotations: Path, images: Path | None, against: Path | None, against_images: Path | None) -> None:
    for folder in (images, against_images):
        if folder is not None:
            require_folder(folder, "images")
    if against is not None:
        require_file(against, "annotations")
    if against_images is not None and (against is None or images is None):
        raise UsageError("--against-images needs --against and --images: pictures are compared between two folders.")


def _decided(decisions: Path | None, suspects: Path | None, annotations: Path) -> list[Decision]:
    """Return the decisions that the page of a review saved, or with ``suspects`` those of a labelling tool's export."""
    if decisions is None:
        if suspects is not None:
            raise UsageError("--suspects needs --decisions FILE: the export of the labelling tool.")
        return []
    return exported_decisions(decisions, suspects, annotations) if suspects else read_decisions(decisions, annotations)


def _unreadable(annotations: Path, bad: BadJson, fix_wanted: bool) -> CheckSummary:
    findings = Findings(str(annotations))
    findings.add(Fault(bad.code, "file", None, bad.found))
    return CheckSummary(findings, Audit(str(annotations)), fix_wanted=fix_wanted)
