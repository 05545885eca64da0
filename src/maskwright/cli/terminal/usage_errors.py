"""Errors in the arguments of a command, whose text quotes the arguments: shown without their control characters.

A shell puts the names of files there, which may be a stranger's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from maskwright.cli.terminal.words import Commands
from maskwright.control_characters import escape_controls


class EscapingGroup(Commands):
    """A group of commands that escapes control characters in the errors of their arguments."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Parse the arguments of the group, as its base class does."""
        with _escaped():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Parse the arguments of the command and run it, as its base class does."""
        with _escaped():
            return super().invoke(ctx)


@contextmanager
def _escaped() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # Click's errors, of which newer versions of Typer have their own copies.
        message = getattr(error, "message", None)
        if hasattr(error, "format_message") and isinstance(message, str) and not _is_help(error):
            error.message = escape_controls(message)  # type: ignore[attr-defined]
        raise


def _is_help(error: Exception) -> bool:
    """Return whether ``error`` is the help, which a group without arguments shows; it has several lines."""
    return type(error).__name__ == "NoArgsIsHelpError"
