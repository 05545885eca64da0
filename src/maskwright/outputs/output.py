"""The output of a command, and what at its place may be replaced."""

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from maskwright.errors import UsageError
from maskwright.outputs.record import OutputRecord

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


@dataclass(frozen=True)
class Output:
    """The output of a ``command`` at ``out``, a file or folder, and what it may replace.

    ``say`` gets a line about what a killed call left. ``inputs`` are files that the command reads. ``overwrite`` is
    None for a command without that option. ``option`` names what the user chose ``out`` by. ``journal`` names a file in
    the staging folder: with it, a call goes on with what an interrupted one left there, which without it is removed.
    """

    command: str
    out: Path
    say: Callable[[str], None]
    inputs: Sequence[Path] = ()
    overwrite: bool | None = None
    option: str = "--out"
    journal: str | None = None

    def require_free(self, path: Path, record: OutputRecord | None = None) -> bool:
        """Return whether there is a file at ``path`` that may be replaced; False where there is nothing.

        Raises ``UsageError`` when it must not be replaced.
        """
        kind = self.require_possible(path)
        if kind and not self.overwrite and (record is None or not record.holds(path)):
            raise self.with_other_place(UsageError(f"{path}: exists{self._not_own(path, record)}. {self.remedy()}"))
        return kind

    def require_possible(self, path: Path) -> bool:
        """Return whether there is a regular file at ``path`` that the command does not read.

        Raises ``UsageError`` for anything else that exists there, and for a read-only file.
        """
        other = f"Choose another {self.option}."
        if not os.path.lexists(path):
            self.require_folder(path.parent)
            return False
        try:
            found = path.stat()
        except FileNotFoundError:
            raise UsageError(f"{path}: is a link to nothing; expected a regular file, or none. {other}") from None
        if not stat.S_ISREG(found.st_mode):
            kind = _KINDS.get(stat.S_IFMT(found.st_mode), "no regular file")
            raise UsageError(f"{path}: is {kind}; expected a regular file, or none. {other}")
        if (found.st_dev, found.st_ino) in self._read_files:
            raise UsageError(f"{path}: it is the file that is read; expected another one. {other}")
        if not found.st_mode & 0o222:
            raise UsageError(f"{path}: is read-only; expected a file that may be replaced, or none. {other}")
        self.require_folder(path.parent)
        return True

    def require_folder(self, folder: Path) -> None:
        """Raise ``UsageError`` when files cannot be written to ``folder``, or to the nearest one that exists."""
        while not os.path.lexists(folder) and folder != folder.parent:
            folder = folder.parent
        if not folder.is_dir():
            raise UsageError(f"{folder}: is not a folder; expected one, or nothing. Choose another {self.option}.")
        if not folder.stat().st_mode & 0o222:
            raise UsageError(f"{folder}: is read-only; expected a folder to write to. Choose another {self.option}.")

    @cached_property
    def _read_files(self) -> set[tuple[int, int]]:
        found = set()
        for path in self.inputs:
            with suppress(OSError):
                status = path.stat()
                found.add((status.st_dev, status.st_ino))
        return found

    def _not_own(self, path: Path, record: OutputRecord | None) -> str:
        if record is None:
            return "; expected a new file"
        how = "was changed since" if record.names(path) else "was not written by"
        return f" and {how} `maskwright {self.command}`{' wrote it' if record.names(path) else ''}; expected a new file"

    def with_other_place(self, error: UsageError) -> UsageError:
        """Return ``error`` with the command that writes to a place where nothing is."""
        return error.try_next(added=(self.option, free_path(self.out))) if self.option.startswith("--") else error

    def remedy(self) -> str:
        """Return what to do about a place that is taken."""
        replaced = "" if self.overwrite is None else ", or replace it with --overwrite"
        return f"Choose another {self.option}{replaced}."


def free_path(path: Path) -> Path:
    """Return ``path`` with the lowest number from 2 before its suffix, at which there is nothing.

    Example:
        >>> free_path(Path("no-such-folder/labels.json")).name
        'labels-2.json'
    """
    number = 2
    while os.path.lexists(path.with_name(f"{path.stem}-{number}{path.suffix}")):
        number += 1
    return path.with_name(f"{path.stem}-{number}{path.suffix}")
