"""Text for a terminal: aligned tables, and the width of letters."""

import unicodedata

from maskwright.control_characters import escape_controls
from maskwright.reports.tables import Table


def text_lines(table: Table) -> list[str]:
    """Return the header and the rows of ``table`` as aligned lines, the first column left and the others right.

    Control characters of the cells are escaped.
    """
    rows = [[escape_controls(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(display_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            _padded(cell, width, left=position == 0)
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def display_width(text: str) -> int:
    """Return the columns that ``text`` takes: two for a wide letter such as a Chinese one, none for a combining mark.

    Source: Unicode Standard Annex 11, East Asian Width.
    """
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) != 0 for letter in text)


def _padded(cell: str, width: int, left: bool) -> str:
    room = " " * (width - display_width(cell))
    return cell + room if left else room + cell
