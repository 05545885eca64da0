"""The standard streams of the command line: closed ones, broken pipes, and encodings that lack a letter."""

import codecs
import os
import sys
from contextlib import suppress

from maskwright.printing import print_lines


def open_standard_streams() -> None:
    """Give the process the standard streams that it was started without; what is written to them is lost.

    Otherwise Python has no such stream to print to, and the next file that is opened gets its number: what a library
    prints would then end up in that file.
    """
    for number, name in ((0, "stdin"), (1, "stdout"), (2, "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)  # the lowest free number, which is this
        if getattr(sys, name) is None:
            # Not closed with the object: the number must stay taken.
            stream = open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def print_what_cannot_be_encoded() -> None:
    """Let standard output and error write a letter that their encoding lacks, such as √ in ASCII, by its number.

    It is written as JSON does, so that the output of ``--json`` stays JSON.
    """
    codecs.register_error(_ESCAPED, _escaped)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # a test's or a notebook's stream may have none
        if reconfigure is not None:
            reconfigure(errors=_ESCAPED)


def complain(*lines: str) -> None:
    """Print ``lines`` on standard error, or nowhere when that is closed or a broken pipe."""
    if sys.stderr is not None:  # print would take None for standard output
        with suppress(OSError, ValueError):
            print_lines(*lines, file=sys.stderr)


def settle_streams(exit_code: int) -> int:
    """Write what the streams still hold and return ``exit_code``, or 1 when standard output cannot take it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError) as error:
            if stream is sys.stdout:
                exit_code = exit_code or 1
                if not isinstance(error, BrokenPipeError):  # whose reader wants no more, such as head
                    complain(f"error: standard output: {getattr(error, 'strerror', None) or error}")
            # Python would try again at its end, and print a traceback.
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return exit_code


_ESCAPED = "maskwright_escaped"


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4)), error.end
