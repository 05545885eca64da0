"""The one place that prints: lines whose control characters are escaped, so that no name commands the terminal."""

import json
import sys
import traceback
from types import TracebackType
from typing import Any, TextIO

from maskwright.control_characters import escape_controls


def print_lines(*lines: str, file: TextIO | None = None) -> None:
    r"""Print ``lines`` to ``file``, or to standard output; a line break inside one of them is shown as ``\n``.

    Other files than standard output are flushed. Raises ``OSError`` that names standard output where it takes no more.

    Example:
        >>> print_lines("a class called 'cat\nerror: none'")
        a class called 'cat\nerror: none'
    """
    text = "".join(f"{escape_controls(line)}\n" for line in lines)
    try:
        print(text, end="", file=file or sys.stdout, flush=file is not None)
    except OSError as error:
        if file is None and error.filename is None:
            error.filename = "standard output"
        raise


def json_lines(value: Any) -> list[str]:
    """Return ``value`` as lines of JSON, with JSON's escapes for all control characters.

    Raises ``ValueError`` for NaN and infinity, which JSON does not have.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    # JSON itself escapes those of ASCII; a terminal also obeys U+009B, and U+202E turns text round.
    return [_json_escaped(line) for line in text.split("\n")]


def print_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an error that nobody caught to standard error, as ``sys.excepthook`` does."""
    text = "".join(traceback.format_exception(kind, error, trace))
    print_lines(*text.rstrip("\n").split("\n"), file=sys.stderr)


def _json_escaped(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(letter if escape_controls(letter) == letter else json.dumps(letter)[1:-1] for letter in line)
