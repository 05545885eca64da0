"""The record of an output folder: which of its files a command wrote, and in which state.

It is the JSON file ``.maskwright-COMMAND``, without a suffix, so that nobody takes it for annotations. A file counts as
the command's own while its size and its time of change are those of the record.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from maskwright.files import write_text
from maskwright.version import __version__

# The size and the time of change in nanoseconds. A replaced file has those before and after, for a kill in between.
State = list[int]


def record_file(folder: Path, command: str) -> Path:
    """Return the path of the record of ``command`` in ``folder``."""
    return folder / f".maskwright-{command.replace(' ', '-')}"


@dataclass(frozen=True)
class OutputRecord:
    """The ``files`` that ``command`` wrote to ``folder``: the states of each by its name.

    ``about`` is what they are the results of.
    """

    folder: Path
    command: str
    about: dict[str, object] | None = None
    files: dict[str, list[State]] = field(default_factory=dict)

    @classmethod
    def empty(cls, folder: Path, command: str, about: dict[str, object] | None = None) -> "OutputRecord":
        """Return the record of a folder to which ``command`` has written nothing."""
        return cls(folder, command, about)

    @classmethod
    def of_staged(
        cls, folder: Path, command: str, about: dict[str, object] | None, staging: Path, names: Iterable[str]
    ) -> "OutputRecord":
        """Return the record of the files ``names``, which are still in ``staging``; moving them keeps their state."""
        return cls(folder, command, about, {name: [_state(staging / name)] for name in names})

    @classmethod
    def read(cls, folder: Path, command: str) -> "OutputRecord | None":
        """Return the record in ``folder``; None where there is none, or one that cannot be read."""
        path = record_file(folder, command)
        try:
            content = json.loads(path.read_text(encoding="utf-8") if path.is_file() else "{}")
            files = {
                str(name): [[int(n) for n in state] for state in states] for name, states in content["files"].items()
            }
            return cls(folder, command, content["about"], files)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def write(self, to: Path | None = None) -> None:
        """Write the record to its folder, or to the folder ``to``, which becomes it."""
        content = {"command": self.command, "version": __version__, "about": self.about, "files": self.files}
        # In ASCII, as a file name may hold bytes that are no UTF-8.
        write_text(record_file(to or self.folder, self.command), json.dumps(content, indent=1) + "\n")

    def names(self, path: Path) -> bool:
        """Return whether the command wrote a file at ``path``, whatever is there now."""
        return self._name(path) in self.files

    def holds(self, path: Path) -> bool:
        """Return whether the file at ``path`` is the one that the command wrote."""
        states = self.files.get(self._name(path), [])
        return bool(states) and not path.is_symlink() and path.is_file() and _state(path) in states

    def found(self) -> list[str]:
        """Return the names of the files that are there as the command wrote them."""
        # An edited record must not lead to files outside the folder.
        inside = (name for name in self.files if ".." not in Path(name).parts and not Path(name).is_absolute())
        return [name for name in inside if self.holds(self.folder / name)]

    def joined(self, earlier: "OutputRecord", names: Iterable[str]) -> "OutputRecord":
        """Return this record with the present states of the files ``names`` of the ``earlier`` one."""
        before = {name: [_state(earlier.folder / name)] for name in names}
        both = {name: [*self.files.get(name, []), *before.get(name, [])] for name in [*self.files, *before]}
        return replace(self, files=dict(sorted(both.items())))

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()


def _state(path: Path) -> State:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]
