"""The comparison of a sweep on a terminal."""

from collections.abc import Iterator

from maskwright.control_characters import escape_controls
from maskwright.reports.sweep.outcome import Sweep
from maskwright.reports.sweep.tables import conclusion, per_class_table, unfinished_variants, variant_table
from maskwright.reports.terminal import text_lines

MOST_ROWS = 30


def sweep_lines(sweep: Sweep) -> Iterator[str]:
    """Yield the tables of each part, the variants without scores, and the conclusion.

    A table of classes has at most thirty rows.
    """
    for part in sweep.parts:
        if len(sweep.parts) > 1:
            yield f"on {part}"
        yield from text_lines(variant_table(sweep, part))
        yield ""
        classes = per_class_table(sweep, part)
        yield from text_lines(classes._replace(rows=classes.rows[:MOST_ROWS]))
        if len(classes.rows) > MOST_ROWS:
            yield f"… and {len(classes.rows) - MOST_ROWS} more rows; sweep.csv has all of them"
        yield ""
    for name, trouble in unfinished_variants(sweep):
        first, *more = f"{name}: {trouble}".splitlines()
        yield escape_controls(first)
        yield from (f"  {escape_controls(line)}" for line in more)
    yield from (escape_controls(sentence) for sentence in conclusion(sweep))
