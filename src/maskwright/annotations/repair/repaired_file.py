"""The repaired copy of a checked file: written, checked again, and with every change listed beside it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.annotations.checks.examination import Examination, examine
from maskwright.annotations.coco.document import Document, write_coco
from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.faults import Audit
from maskwright.annotations.findings import Findings
from maskwright.annotations.repair.decisions import Decision, apply_decisions
from maskwright.annotations.repair.document import NOT_REPAIRED_BECAUSE
from maskwright.annotations.repair.document import repair_document as repaired
from maskwright.annotations.repair.edit import Repair
from maskwright.files import write_json
from maskwright.outputs.output import Output
from maskwright.outputs.writing import output_files, require_new_files

_SHOWN = 3


@dataclass
class RepairSummary:
    """The summary of a repair: what was done, how many annotations were removed, and the faults that remain.

    ``audit`` and ``remaining`` are those of the repaired file. ``added`` counts the annotations that a review added.
    """

    source: str
    out: Path
    repairs: Sequence[Repair]
    removed: int
    audit: Audit
    remaining: Findings
    added: int = 0

    @property
    def by_code(self) -> Counter[str]:
        """The number of repairs by fault code."""
        return Counter(each.code for each in self.repairs)

    def to_json(self) -> dict[str, Any]:
        """Return the summary for ``--json`` and the list of repairs; in + added = used + skipped + repaired_away."""
        return {
            "source": self.source,
            "file": str(self.out),
            "counts": {
                "in": self.audit.found + self.removed - self.added,
                **({"added": self.added} if self.added else {}),
                "used": self.audit.used,
                "skipped": sum(self.audit.skipped.values()),
                "repaired_away": self.removed,
                "repairs": len(self.repairs),
                "errors_left": self.remaining.number("error"),
                "warnings_left": self.remaining.number("warning"),
            },
            "by_code": dict(self.by_code.most_common()),
            "made": [each.to_json() for each in self.repairs],
            "left": [{**each, "because": NOT_REPAIRED_BECAUSE.get(each["code"])} for each in self.remaining.to_json()],
        }

    def lines(self) -> list[str]:
        """Return lines for a terminal: the repairs with examples of each code, and the remaining errors."""
        lines = [f"{len(self.repairs)} repairs in {self.out}, all listed in {repairs_file(self.out)}"]
        if not self.repairs:
            lines = [f"nothing to repair: {self.out} holds the same records"]
        for code, count in self.by_code.most_common():
            lines.append(f"  {code}, {count}")
            examples = [str(each) for each in self.repairs if each.code == code][:_SHOWN]
            lines += [f"    {example}" for example in examples]
            if count > len(examples):
                lines.append(f"    … and {count - len(examples)} more")
        for fault in self.remaining.to_json():
            if fault["severity"] == "error":
                because = NOT_REPAIRED_BECAUSE.get(fault["code"])
                lines.append(f"  left: {fault['code']}, {fault['count']}{f' ({because})' if because else ''}")
        return lines


def repairs_file(out: Path) -> Path:
    """Return the path of the list of repairs made in ``out``: ``<name>.repairs.json`` beside it."""
    return out.with_name(f"{out.name}.repairs.json")


def repair_output(out: Path, inputs: Sequence[Path], say: Callable[[str], None]) -> Output:
    """Return the output of a repair that reads the files ``inputs``; it overwrites nothing.

    Raises ``UsageError`` when ``out`` or its list of repairs exists, or is one of the ``inputs``.
    """
    output = Output("check", out, say, inputs, option="--fix")
    require_new_files(output, (out, repairs_file(out)))
    return output


def write_repaired_file(
    document: Document,
    examination: Examination,
    output: Output,
    images: Path | None = None,
    workers: int | None = None,
    decisions: Sequence[Decision] = (),
) -> RepairSummary:
    """Write ``document`` to ``output`` with the faults of ``examination`` repaired, and check what was written.

    The accepted ``decisions`` of a review are applied first. The repairs are listed in the file beside it (see
    :func:`repairs_file`). With ``images``, file names are corrected to match the files in that folder, and the images
    are checked again, in ``workers`` threads.

    Raises ``DataError`` for a decision about what the file does not have.
    """
    decided = apply_decisions(document, decisions)
    if decided.repairs:
        document, examination = decided.document, examine(decided.document.coco, images, workers)
    result = repaired(document, examination, images)
    source, out = str(document.coco.path), output.out
    # Neither file gets its name before both are written.
    with output_files(output, new=True) as staging:
        written = staging / out.name
        write_coco(written, result.images, result.annotations, result.categories, result.head)
        coco = read_coco(written)
        coco.path = out
        again = examine(coco, images, workers)
        repairs, removed = [*decided.repairs, *result.repairs], decided.removed + result.removed
        summary = RepairSummary(source, out, repairs, removed, again.audit, again.findings, decided.added)
        write_json(repairs_file(written), summary.to_json())
    return summary
