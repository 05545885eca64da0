"""The findings of a check: faults counted by code, with examples, for the terminal and as JSON."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from maskwright.annotations.faults import FAULTS, Fault, Severity

_PLURAL = {
    "annotation": "annotations",
    "image": "images",
    "category": "categories",
    "record": "records",
    "file": "times",
}
_SHOWN: dict[Severity, int] = {"error": 10, "warning": 3}


@dataclass
class Findings:
    """The faults of a file, counted by code, with the first ``max_examples`` of each code.

    Files have hundreds of thousands of records, so not every fault is kept. ``source`` is the path of the file.
    """

    source: str
    max_examples: int = 10
    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Fault]] = field(default_factory=dict)

    def add(self, *faults: Fault) -> None:
        """Count ``faults``, and keep those that are among the first of their code."""
        for fault in faults:
            self.counts[fault.code] += 1
            examples = self.examples.setdefault(fault.code, [])
            if len(examples) < self.max_examples:
                examples.append(fault)

    def number(self, severity: Severity) -> int:
        """Return the number of faults of ``severity``."""
        return sum(count for code, count in self.counts.items() if FAULTS[code].severity == severity)

    def codes(self) -> list[str]:
        """Return the codes found: errors before warnings, each in the order of the catalogue."""
        return sorted((code for code in FAULTS if code in self.counts), key=lambda code: FAULTS[code].severity)

    def to_json(self) -> list[dict[str, Any]]:
        """Return ``[{"code", "severity", "count", "kind", "examples": [id], "messages", "remedy"}]``, errors first.

        ``kind`` is the kind of record that the ids in ``examples`` belong to. A fault of the file itself has the file's
        path as its example.
        """
        return [
            {
                "code": code,
                "severity": FAULTS[code].severity,
                "count": self.counts[code],
                "kind": self._kind(code),
                "examples": [self.source if f.kind == "file" else f.record for f in self.examples[code]],
                "messages": [f"{self.source}: {fault}" for fault in self.examples[code]],
                "remedy": FAULTS[code].remedy,
            }
            for code in self.codes()
        ]

    def _kind(self, code: str) -> str:
        """Return the kind of record that the examples of ``code`` are, or ``record`` when they are of several kinds."""
        kinds = {fault.kind for fault in self.examples[code]}
        return kinds.pop() if len(kinds) == 1 else "record"

    def lines(self) -> list[str]:
        """Return lines for a terminal, errors first.

        Each code has its severity, its count, some examples (fewer for warnings) and its remedy.
        """
        lines = []
        name = PurePath(self.source).name
        for code in self.codes():
            severity, count = FAULTS[code].severity, self.counts[code]
            examples = self.examples[code][: _SHOWN[severity]]
            number = "" if count == 1 else f", {count} {_PLURAL[self._kind(code)]}"
            lines.append(f"{severity}: {code}{number}")
            lines += [f"  {name}: {fault}" for fault in examples]
            if count > len(examples):
                lines.append(f"  … and {count - len(examples)} more")
            lines.append(f"  remedy: {FAULTS[code].remedy}")
        return lines
