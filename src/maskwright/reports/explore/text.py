"""The statistics of a data set on a terminal: a table of classes, the key figures and the audit."""

from collections.abc import Iterator

from maskwright.annotations.faults import Audit
from maskwright.annotations.statistics.dataset import Statistics
from maskwright.control_characters import escape_controls
from maskwright.reports.explore.facts import balance, facts, summary_sentence
from maskwright.reports.explore.tables import per_class_table
from maskwright.reports.terminal import text_lines

MOST_CLASSES = 100


def explore_lines(statistics: Statistics, audit: Audit) -> Iterator[str]:
    """Yield the lines to print. Of more than a hundred classes, the table has those with most instances."""
    yield from text_lines(per_class_table(statistics, MOST_CLASSES))
    if len(statistics.table) > MOST_CLASSES:
        yield f"… and {len(statistics.table) - MOST_CLASSES:,} classes with fewer instances; --json has all of them"
    yield ""
    yield summary_sentence(statistics)
    yield from (escape_controls(sentence) for sentence in balance(statistics))
    yield "; ".join(f"{label} {value}" for label, value in facts(statistics))
    skipped = ", ".join(f"{count} {reason}" for reason, count in sorted(audit.skipped.items())) or "none"
    yield f"annotations: {audit.found} found = {audit.used} used + {sum(audit.skipped.values())} skipped ({skipped})"
