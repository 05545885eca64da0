"""The line to type after an error: the command that was typed, mended, or another one."""

import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence

from maskwright.errors import MaskwrightError

# What stands around the values of a list: a,b or [a, b].
_LIST = re.compile(r"([\[\],]\s*)")


def next_line(error: MaskwrightError, arguments: Sequence[str] | None = None) -> str | None:
    """Return the line to type after ``error``, quoted for a shell; None where none is known.

    ``arguments`` are those that were typed after ``maskwright``; by default those of this process.

    Example:
        >>> from maskwright.errors import UsageError
        >>> error = UsageError("lables.json: it does not exist.").try_next(replaced={"lables.json": "labels.json"})
        >>> next_line(error, ["check", "lables.json", "--images", "my photos"])
        "maskwright check labels.json --images 'my photos'"
    """
    planned = error.next_command
    if planned is None:
        return None
    if planned.command:
        return shlex.join(["maskwright", *planned.command])
    typed = list(sys.argv[1:] if arguments is None else arguments)
    mended = [_replaced(word, planned.replaced) for word in typed]
    # A wrong word may stand in a recipe and not in the command; then an option may mend it, or nothing.
    mended = _added(mended, planned.added) if mended == typed else mended
    return shlex.join(["maskwright", *mended]) if mended != typed else None


def _replaced(word: str, replaced: Mapping[str, str]) -> str:
    """Return ``word`` mended: a whole word, the value of ``--option=value`` or ``key=value``, or one in a list."""
    for old, new in replaced.items():
        head, equals, value = word.rpartition("=")
        if _is_same(value, old):
            return f"{head}{equals}{new}"
        parts = _LIST.split(value)
        if old in parts:
            return head + equals + "".join(new if part == old else part for part in parts)
    return word


def _is_same(word: str, old: str) -> bool:
    """Return whether ``word`` is ``old``, also as a path that is written in another way, such as ``./old/``."""
    return word == old or (word != "" and os.path.normpath(word) == os.path.normpath(old))


def _added(words: list[str], added: Sequence[str]) -> list[str]:
    """Return ``words`` with the options ``added``; an option that is there already gets the new value."""
    words, rest = list(words), list(added)
    while rest:
        option = rest.pop(0)
        value = [rest.pop(0)] if rest and not rest[0].startswith("--") else []
        words = _without(words, option) if value and option != "--set" else words
        words += [option, *value] if value or option not in words else []
    return words


def _without(words: Sequence[str], option: str) -> list[str]:
    """Return ``words`` without ``option`` and its value."""
    kept: list[str] = []
    skipping = False
    for word in words:
        if skipping:
            skipping = False
        elif word == option:
            skipping = True
        elif not word.startswith(f"{option}="):
            kept.append(word)
    return kept
