"""The records of results that cannot be scored: counted by reason, with examples and remedies."""

from dataclasses import dataclass, field
from typing import Any

REMEDIES = {
    "not_a_result": "give each record an integer image_id and category_id and a number as score",
    "unknown_image": "score the results of the truth's own images; file names go before ids",
    "unknown_class": "use the ids of the truth's categories, or put the classes.json they refer to beside the file",
    "class_not_scored": "nothing to do if such objects are not to be scored",
    "bad_score": "write a finite number as score",
    "bad_box": "write bbox as four finite numbers [x, y, width, height], the sides not negative",
    "bad_mask": "write segmentation as polygons or as an RLE of the image's size whose counts add up to its pixels",
    "nothing_to_score": "give each record a bbox, a segmentation or both",
}

_MOST_EXAMPLES = 5


@dataclass
class RejectedResults:
    """How many records were rejected for which reason, with the first few of each."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, position: int, found: str) -> None:
        """Count the record at ``position`` (from 0) of the file for ``reason``; ``found`` says what is wrong."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < _MOST_EXAMPLES:
            examples.append(f"record {position} {found}")

    @property
    def total(self) -> int:
        """The number of all rejected records."""
        return sum(self.counts.values())

    def to_json(self) -> dict[str, Any]:
        """Return ``{reason: {"count", "examples", "remedy"}}``."""
        return {
            reason: {"count": count, "examples": self.examples[reason], "remedy": REMEDIES[reason]}
            for reason, count in sorted(self.counts.items())
        }

    def lines(self, source: str) -> list[str]:
        """Return lines for a terminal: the examples of each reason, how many more there are, and the remedy.

        ``source`` names the results.
        """
        lines = []
        for reason, count in sorted(self.counts.items()):
            lines += [f"{source}: {example}; not scored." for example in self.examples[reason]]
            if count > len(self.examples[reason]):
                lines.append(f"{source}: … and {count - len(self.examples[reason])} more of {reason}.")
            lines.append(f"  remedy: {REMEDIES[reason]}.")
        return lines
