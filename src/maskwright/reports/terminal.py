"""A table as lines of text for a terminal."""

from maskwright.reports.letters import display_width, printable
from maskwright.reports.tables import Table


def text_lines(table: Table) -> list[str]:
    """The header and the rows, names to the left and numbers to the right of columns as wide as they need."""
    rows = [[printable(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(display_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            _padded(cell, width, left=position == 0)
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _padded(cell: str, width: int, left: bool) -> str:
    room = " " * (width - display_width(cell))
    return cell + room if left else room + cell
