"""The result of a check: the faults of a COCO file, the account of its annotations, and what was repaired."""

from dataclasses import dataclass
from typing import Any

from maskwright.annotations.checks.comparison import FileComparison
from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.faults import Audit
from maskwright.annotations.findings import Findings
from maskwright.annotations.repair.repaired_file import RepairSummary


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
                f"repaired:    {again.found + self.repairs.removed - self.repairs.added} found = {again.used} used + "
                f"{sum(again.skipped.values())} skipped + {self.repairs.removed} repaired away"
                f"{f' - {self.repairs.added} added by review' if self.repairs.added else ''}"
            )
        return lines


def records_found(coco: CocoFile, kind: str) -> int:
    """Return the number of records of ``kind`` in the file, rejected ones included."""
    kept = coco.images if kind == "image" else coco.categories
    left_out = (f"bad_{kind}", "duplicate_id")
    return len(kept) + sum(fault.kind == kind and fault.code in left_out for fault in coco.faults)


def _counted(count: int, what: str) -> str:
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{count} {what if count == 1 else plural}"
