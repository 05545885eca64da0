"""Staging folders: a command writes to a locked hidden folder, so that nothing appears before all is done.

A killed command leaves its staging folder. The next call of the same command for the same output removes it, or with a
journal goes on in it.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from maskwright.errors import UsageError
from maskwright.outputs.output import Output

try:
    import fcntl
except ImportError:  # Windows has no locks of folders; there, the checks before each move remain
    fcntl = None

# A killed process may still hold its lock for as long as its workers take to notice.
_SECONDS_TO_WAIT = 5.0


@contextmanager
def staging_folder(output: Output, parent: Path, name: str) -> Iterator[Path]:
    """Yield an empty folder in ``parent``, locked, whose name the command and the ``name`` of its output decide.

    Only a call of the same command for the same output has it, so what is in it was left by a killed one. With a
    ``journal`` there, it is yielded as it was left, and left as it is when the context ends with an error.
    """
    folder = _staging_path(output, parent, name)
    if folder.is_symlink():
        raise UsageError(f"{folder}: is a link; expected a folder, or nothing. Remove it.")
    descriptor = _lock(
        folder,
        f"{output.out}: another `maskwright {output.command}` is writing there; expected one at a time. Wait until it "
        f"is done, or choose another {output.option}.",
    )
    interrupted = False
    try:
        left = files_below(folder)
        continued = output.journal is not None and output.journal in left
        if left and not continued:
            _withdraw(folder, parent, left)
            output.say(
                f"{output.out}: an earlier `maskwright {output.command}` was killed; removed {len(left)} unfinished "
                f"file{'s' if len(left) > 1 else ''} that it left."
            )
        for entry in () if continued else folder.iterdir():
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        try:
            yield folder
        except BaseException:
            interrupted = output.journal is not None and (folder / output.journal).is_file()
            raise
    finally:
        # It may have become the output, and another process may have created one of the same name since.
        if not interrupted and _is_open(descriptor, folder):
            shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def clear_staging(output: Output, parent: Path, name: str) -> None:
    """Remove the staging folder of :func:`staging_folder` that a killed call left, where there is one.

    Raises ``UsageError`` when a process holds it.
    """
    if _staging_path(output, parent, name).is_dir():
        with staging_folder(output, parent, name):
            pass


def _staging_path(output: Output, parent: Path, name: str) -> Path:
    text = f"{output.command} {name}".encode(errors="replace")
    return parent / f".{hashlib.sha256(text).hexdigest()[:32]}.part"


@contextmanager
def held_folder(folder: Path) -> Iterator[None]:
    """Create ``folder`` and hold it during the context, so that no other process holds it too.

    Raises ``UsageError`` when another one does, and when it is no folder that can be written to.
    """
    _require_place(folder)
    busy = f"{folder}: another process is at work in it; expected one at a time. Wait until it is done."
    with created(folder):
        descriptor = _lock(folder, busy)
        try:
            yield
        finally:
            os.close(descriptor)


def _require_place(folder: Path) -> None:
    place = next(each for each in (folder, *folder.absolute().parents) if os.path.lexists(each))
    if not place.is_dir():
        raise UsageError(f"{place}: is not a folder; expected one, or nothing. Choose another folder with --out.")
    if not place.stat().st_mode & 0o222:
        raise UsageError(f"{place}: is read-only; expected a folder to write to. Choose another with --out.")


@contextmanager
def created(folder: Path) -> Iterator[None]:
    """Create ``folder`` and its parents; remove them again on failure, while they are empty."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for each in missing:
                each.rmdir()
        raise


def files_below(folder: Path) -> list[str]:
    """Return the names of the files below ``folder``, relative to it, with slashes."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _withdraw(staging: Path, out: Path, left: Sequence[str]) -> None:
    """Remove the files in ``out`` that a killed call had given their names before it was done with all of them."""
    given = [name for name in left if (out / name).is_file() and (out / name).samefile(staging / name)]
    if len(given) < len(left):
        for name in given:
            (out / name).unlink()


def _lock(folder: Path, busy: str) -> int:
    """Create ``folder`` and return its descriptor, locked until this process ends or closes it.

    Raises ``UsageError`` with the message ``busy`` when another process holds the lock.
    """
    until = time.monotonic() + _SECONDS_TO_WAIT
    while True:
        with suppress(FileExistsError):
            folder.mkdir()
        if folder.is_file():
            raise UsageError(f"{folder}: is in the way; expected a folder, or nothing. Remove it.")
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:  # the call that had it is done just now
            continue
        if _is_locked(descriptor) and _is_open(descriptor, folder):
            return descriptor
        os.close(descriptor)
        if time.monotonic() > until:
            raise UsageError(busy)
        time.sleep(0.05)


def _is_locked(descriptor: int) -> bool:
    """Lock an open folder and return whether it worked; True where the file system knows no locks."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _is_open(descriptor: int, folder: Path) -> bool:
    """Return whether the open ``descriptor`` is that of the folder that is now at ``folder``."""
    try:
        return os.path.samestat(os.fstat(descriptor), folder.stat())
    except FileNotFoundError:
        return False
