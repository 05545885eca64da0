"""Files that spare a page work: each keeps what was made once, under a name that says of what."""

import hashlib
from collections.abc import Iterable
from importlib.resources.abc import Traversable
from pathlib import Path

from maskwright.files import write_bytes


class KeptFiles:
    """The files in ``folder``, which need not exist; None keeps nothing.

    What is in them may be anybody's: who reads one checks it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Refer to ``folder``; nothing is read or created."""
        self._folder = folder
        self._used: set[str] = set()

    def path(self, kind: str, made_of: bytes, suffix: str) -> Path | None:
        """Return the file for what is made of the bytes ``made_of``: everything by which it could differ."""
        name = f"{kind}-{hashlib.sha256(made_of).hexdigest()[:24]}{suffix}"
        self._used.add(name)
        return None if self._folder is None else self._folder / name

    def keep(self, path: Path | None, content: bytes) -> None:
        """Write ``content`` to a :meth:`path`."""
        if path is not None:
            write_bytes(path, content)

    def remove_others(self) -> None:
        """Remove the files of the folder that nobody has asked for."""
        for file in self._folder.iterdir() if self._folder is not None and self._folder.is_dir() else ():
            if file.name not in self._used and file.is_file():
                file.unlink(missing_ok=True)


def source_digest(sources: Iterable[Traversable]) -> str:
    """Return a digest of the Python files among ``sources``, by their names: it differs when their code does."""
    digest = hashlib.sha256()
    for source in sorted((each for each in sources if each.name.endswith(".py")), key=lambda each: each.name):
        digest.update(source.read_bytes())
    return digest.hexdigest()
