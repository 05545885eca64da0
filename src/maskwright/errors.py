"""Exceptions that a user can act on, and suggestions of the nearest names.

Every message says what was found (file, id), what was expected, and the remedy. The command line prints the message
without a traceback and exits with the class's ``exit_code``.
"""

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class NextCommand:
    """What to type after an error, which the command line shows as a whole line.

    ``command`` has the words of another command, without ``maskwright``. Where it is empty the command that was typed
    is meant, with the words ``replaced`` by others, or where none of these was typed with the options ``added``.
    """

    command: tuple[str, ...] = ()
    replaced: Mapping[str, str] = field(default_factory=dict)
    added: tuple[str, ...] = ()


class MaskwrightError(Exception):
    """An error that a user can act on: the message says what was found, what was expected and what to do.

    It takes the lines of the message, one by default. A line break inside a line belongs to a name from a file; the
    command line shows it escaped. ``next_command`` is what to type then, where one line is known that works.
    """

    exit_code = 1
    next_command: NextCommand | None = None

    def try_next(
        self, *command: str | Path, replaced: Mapping[str, str] | None = None, added: Iterable[str | Path] = ()
    ) -> Self:
        """Return this error with its :class:`NextCommand`.

        Example:
            >>> raise UsageError("lables.json: it does not exist.").try_next(replaced={"lables.json": "labels.json"})
            Traceback (most recent call last):
            maskwright.errors.UsageError: lables.json: it does not exist.
        """
        self.next_command = NextCommand(tuple(map(str, command)), dict(replaced or {}), tuple(map(str, added)))
        return self

    def __str__(self) -> str:
        """Return the lines of the message."""
        return "\n".join(self.lines)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the message."""
        return tuple(map(str, self.args))


class UsageError(MaskwrightError):
    """A wrong request: an unknown name, key, model or file. Exit code 2."""

    exit_code = 2


class DataError(MaskwrightError):
    """Data that cannot be used as it is."""


class WeightsError(MaskwrightError):
    """Weights that are missing, cannot be downloaded, do not fit the model, are not finite, or are not safe to read."""


class NotFinite(WeightsError):
    """A model that holds or returns NaN or infinity, for which no class is the most likely."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"{found}; expected finite numbers. Use an earlier checkpoint, or train again with a lower "
            "train.optimizer.lr, with train.clip_norm, or with train.precision=32-true."
        )


# The share of equal letters above which a name is taken for a misspelt one: one letter of four may differ.
_MISSPELT = 0.75


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return up to ``count`` of the ``known`` names that are most similar to ``name``, ignoring case, best first."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=count, cutoff=0.4)
    containing = [low for low in by_lower if name.lower() in low and low not in close]
    return [by_lower[low] for low in [*close, *containing][:count]]


def refuse_panoptic(task: str, source: object, what: str, remedy: str) -> None:
    """Raise ``UsageError`` where ``task`` is panoptic: ``what`` does not take the panoptic ``source`` yet."""
    if task == "panoptic":
        raise UsageError(f"{source}: is panoptic, and {what} takes instance and semantic models alone. {remedy}")


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Return a ``UsageError`` for a ``name`` that is not in ``known``.

    The message lists the nearest names, or the first 20 known ones when none is near. ``kind`` says what the name is
    of.
    """
    known = sorted(known)
    close = nearest(name, known)
    if close:
        hint = f"Nearest: {', '.join(close)}."
    else:
        hint = f"Known: {', '.join(known[:20])}{', …' if len(known) > 20 else ''}."
    error = UsageError(f"Unknown {kind} '{name}'. {hint}")
    return error.try_next(replaced={name: close[0]}) if close and is_misspelt(name, close[0]) else error


def is_misspelt(typed: str, known: str) -> bool:
    """Return whether ``typed`` is so like the ``known`` name that it was most likely meant.

    Example:
        >>> is_misspelt("lables.json", "labels.json"), is_misspelt("cats.json", "labels.json")
        (True, False)
    """
    return difflib.SequenceMatcher(None, typed.lower(), known.lower()).ratio() >= _MISSPELT


def one_line(error: Exception) -> str:
    r"""Return the message of a library's ``error`` on one line, for a message of ours.

    Example:
        >>> one_line(ValueError("mapping values are not allowed\n  in line 3"))
        'mapping values are not allowed in line 3'
    """
    return " ".join(str(error).split())


def some_of(names: Iterable[object], most: int = 5) -> str:
    """Return the first ``most`` of ``names`` for a message, and how many more there are.

    Example:
        >>> some_of(["cat", "dog", "cow"], 2)
        'cat, dog and 1 more'
    """
    texts = [str(name) for name in names]
    return ", ".join(texts[:most]) + (f" and {len(texts) - most:,} more" if len(texts) > most else "")


def require_file(path: Path, kind: str) -> Path:
    """Return ``path`` when it is an existing file, else raise ``UsageError`` with the nearest files beside it."""
    if path.is_file():
        return path
    return _missing(path, kind, "file")


def require_folder(path: Path, kind: str) -> Path:
    """Return ``path`` when it is an existing folder, else raise ``UsageError`` with the nearest folders beside it."""
    if path.is_dir():
        return path
    return _missing(path, kind, "folder")


def _missing(path: Path, kind: str, expected: str) -> Path:
    if path.exists():
        raise UsageError(f"{path}: it is not a {expected}; expected the {kind} {expected}.")
    parent = path.parent
    while not parent.is_dir() and parent != parent.parent:
        parent = parent.parent
    missing_part, *below = path.relative_to(parent).parts if parent != path else (path.name,)
    close = nearest(missing_part, (entry.name for entry in parent.iterdir())) if parent.is_dir() else []
    hint = f" Nearest in {parent}: {', '.join(close)}." if close else ""
    error = UsageError(f"{path}: it does not exist; expected the {kind} {expected}.{hint}")
    meant = [Path(str(path).replace("\\", "/"))] if os.sep == "/" and "\\" in str(path) else []
    meant += [parent.joinpath(name, *below) for name in close if is_misspelt(missing_part, name)]
    found = [each for each in meant if (each.is_file() if expected == "file" else each.is_dir())]
    raise error.try_next(replaced={str(path): str(found[0])}) if found else error
