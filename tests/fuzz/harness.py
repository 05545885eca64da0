"""A target of fuzzing, and one input of it: a result or an error of the package, within bounds, or a finding."""

import re
import resource
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

# A reader may take so much processor time and memory on one input, as in the drill of hostile inputs.
MOST_SECONDS = 10.0
MOST_BYTES = 1 << 30

Errors = tuple[type[Exception], ...]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A reader of foreign bytes.

    ``read`` reads the file at the path that it is given and checks what it accepts. Beside a result only ``errors``
    may come of it. ``prepare`` writes what else the reader needs into the folder of the file, whose name in it is
    ``file``. ``strategy`` draws contents that are nearly right, ``tokens`` are pieces of such contents. ``mend`` makes
    checksums and lengths right again after bytes were changed.
    """

    name: str
    read: Callable[[Path], None]
    errors: Errors
    seeds: Callable[[], Sequence[bytes]]
    strategy: Callable[[], st.SearchStrategy[bytes]]
    file: str = "content"
    prepare: Callable[[Path], None] = lambda folder: None
    tokens: tuple[bytes, ...] = ()
    mend: Callable[[bytes], bytes] | None = None

    def place(self, folder: Path) -> Path:
        """Prepare ``folder`` and return the path of the file in it that each input replaces."""
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        self.prepare(folder)
        return path


@dataclass(frozen=True)
class Outcome:
    """What came of one input: ``found`` names a finding, empty where there is none; ``trace`` shows where it arose.

    ``said`` is the error of a refused input without its numbers, by which inputs are told apart.
    """

    found: str = ""
    trace: str = ""
    said: str = ""


class Unbounded(AssertionError):
    """The finding that an input took too much time or memory."""


def run_input(target: Target, path: Path, content: bytes) -> Outcome:
    """Let ``target`` read ``content`` at ``path``, which :meth:`Target.place` gave."""
    path.write_bytes(content)
    seconds, memory = time.process_time(), _peak()
    try:
        try:
            target.read(path)
            said = ""
        except target.errors as error:
            said = f"{type(error).__name__}: {re.sub(r'[0-9]+', '0', str(error))[:200]}"
            if not str(error).strip():
                raise AssertionError("an error without a message") from error
        seconds, memory = time.process_time() - seconds, _peak() - memory
        if seconds > MOST_SECONDS:
            raise Unbounded(f"{seconds:.0f} s of processor time")
        if memory > MOST_BYTES:
            raise Unbounded(f"{memory >> 20} MiB of memory")
    except (Exception, SystemExit) as error:
        return Outcome(_signature(error), traceback.format_exc(limit=-12))
    return Outcome(said=said)


def _peak() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _signature(error: BaseException) -> str:
    """Return the error's type and the innermost lines of the package and of the targets that it passed."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f"{Path(each.filename).name}:{each.name}" for each in frames if "site-packages" not in each.filename]
    return f"{type(error).__name__} in {' < '.join(ours[:0:-1][:3])}"
