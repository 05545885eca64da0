"""Exceptions that a user can act on, and suggestions of the nearest names.

Every message says what was found (file, id), what was expected, and the remedy. The command line prints the message
without a traceback and exits with the class's ``exit_code``.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path


class MaskwrightError(Exception):
    """An error that a user can act on: the message says what was found, what was expected and what to do.

    It takes the lines of the message, one by default. A line break inside a line belongs to a name from a file; the
    command line shows it escaped.
    """

    exit_code = 1

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


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return up to ``count`` of the ``known`` names that are most similar to ``name``, ignoring case, best first."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=count, cutoff=0.4)
    containing = [low for low in by_lower if name.lower() in low and low not in close]
    return [by_lower[low] for low in [*close, *containing][:count]]


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
    return UsageError(f"Unknown {kind} '{name}'. {hint}")


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
    missing_part = path.relative_to(parent).parts[0] if parent != path else path.name
    close = nearest(missing_part, (entry.name for entry in parent.iterdir())) if parent.is_dir() else []
    hint = f" Nearest in {parent}: {', '.join(close)}." if close else ""
    raise UsageError(f"{path}: it does not exist; expected the {kind} {expected}.{hint}")
