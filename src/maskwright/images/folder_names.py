"""The file names in an images folder, with lookup that ignores case, Unicode form and the kind of slash."""

import os
import posixpath
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path


class FolderNames:
    """The names of the files under ``folder``, relative to it, with ``/`` between folders.

    ``files`` are the regular files, ``links`` the symbolic links, which are not followed. Hidden entries (names that
    begin with a dot) and folders that cannot be listed are skipped.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: set[str] = set()
        self.links: set[str] = set()
        for name, is_link in _walk(folder):
            (self.links if is_link else self.files).add(name)

    def __contains__(self, name: str) -> bool:
        """Return whether a file or link has this exact ``name``."""
        return name in self.files or name in self.links

    def alike(self, name: str) -> list[str]:
        """Return the sorted names that equal ``name`` except for case, Unicode form, kind of slash or ``./``."""
        return self._alike.get(folded(posixpath.normpath(name.replace("\\", "/"))), [])

    @cached_property
    def _alike(self) -> dict[str, list[str]]:
        by_folded: dict[str, list[str]] = {}
        for name in sorted(self.files | self.links):
            by_folded.setdefault(folded(name), []).append(name)
        return by_folded


def folded(name: str) -> str:
    """Return ``name`` case-folded and in Unicode form NFC."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _walk(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield the name of every file and link, and whether it is a link."""
    pending = [""]
    while pending:
        prefix = pending.pop()
        try:
            entries = list(os.scandir(folder / prefix))
        except OSError:
            continue
        for entry in entries:
            name = prefix + entry.name
            if entry.name.startswith("."):
                continue
            if entry.is_symlink():
                yield name, True
            elif entry.is_dir():
                pending.append(f"{name}/")
            elif entry.is_file():
                yield name, False
