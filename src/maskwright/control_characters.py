"""Characters that show nothing and can change what is shown: escaped for readers, and quoted in files of lines.

Names of classes and files come from strangers. A line break in one forges a line, ESC and its like command a terminal,
and marks of direction make text read other than it is.
"""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

# Unicode's categories of control characters, format characters, halves of pairs, and separators of lines.
_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Those of them that end a line or command a terminal: no name needs one.
COMMANDING = ("Cc", "Zl", "Zp")
# Format characters that words and emoji need: they join letters, or keep them apart.
_JOINERS = "\u200c\u200d"
# What begins a formula in a spreadsheet, also in the full width of Japanese keyboards and after a mark of text.
_FORMULA = re.compile(r"(?:^|;)[\s'\"]*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def has_controls(text: str) -> bool:
    r"""Return whether ``text`` holds a control character, a line break, or an invisible mark of format.

    Example:
        >>> has_controls("zebra crossing"), has_controls("zebra\ncrossing")
        (False, True)
    """
    return not text.isprintable() and any(map(_is_control, text))


def escape_controls(text: str) -> str:
    r"""Return ``text`` with its control characters as Python writes them: it stays one line, and commands nothing.

    Example:
        >>> escape_controls("zebra\n\x1b[31m")
        'zebra\\n\\x1b[31m'
    """
    if not has_controls(text):
        return text
    return "".join(letter.encode("unicode_escape").decode() if _is_control(letter) else letter for letter in text)


def remove_controls(text: str) -> str:
    r"""Return ``text`` without control characters, and one space for each run of white space.

    Example:
        >>> remove_controls("zebra\n\x1b crossing")
        'zebra crossing'
    """
    kept = (" " if letter.isspace() else letter for letter in text if letter.isspace() or not _is_control(letter))
    return " ".join("".join(kept).split())


def quote_name(name: str) -> str:
    r"""Return ``name`` as a line or a cell can hold it: as it is, or in quotes as JSON where it has control characters.

    An empty name, and one that is in quotes itself, is quoted too; :func:`unquote_name` gives every name back.

    Example:
        >>> print(quote_name("zebra"), quote_name("zebra\ncrossing"))
        zebra "zebra\ncrossing"
    """
    return json.dumps(name) if not name or _is_quoted(name) or has_controls(name) else name


def quote_cell(value: Any) -> Any:
    r"""Return ``value`` for a cell of a CSV file: text as :func:`quote_name` writes it, all else as it is.

    Text that a spreadsheet would take for a formula is in quotes too, so that it stays text; :func:`unquote_name` gives
    it back.

    Example:
        >>> print(quote_cell("zebra"), quote_cell("=1+1"), quote_cell("-0.5"))
        zebra "=1+1" -0.5
    """
    if not isinstance(value, str) or not value:
        return value
    if not _is_formula(value):
        return quote_name(value)
    # Where a spreadsheet divides lines at semicolons, as in much of Europe, one inside a cell begins another.
    return json.dumps(value, ensure_ascii=has_controls(value)).replace(";", r"\u003b")


def lines_of_cells(rows: Iterable[Iterable[Any]]) -> str:
    """Return the text of a CSV file of ``rows``, whose cells are written as :func:`quote_cell` says."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(map(quote_cell, row) for row in rows)
    return text.getvalue()


def unquote_name(line: str) -> str:
    """Return the name that :func:`quote_name` wrote as ``line``; other lines are names as they are."""
    if not _is_quoted(line):
        return line
    try:
        return json.loads(line)
    except ValueError:
        return line


def lines_of_names(names: Iterable[str]) -> str:
    """Return the text of a file with one name a line, in which the number of a line means its name."""
    return "".join(f"{quote_name(name)}\n" for name in names)


def _is_control(letter: str) -> bool:
    return unicodedata.category(letter) in _CATEGORIES and letter not in _JOINERS


def _is_quoted(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] == '"'


def _is_formula(text: str) -> bool:
    """Return whether a spreadsheet may compute ``text``; numbers with a sign are what they are."""
    if not _FORMULA.search(text):
        return False
    try:
        float(text)
    except ValueError:
        return True
    return False
