"""The journal of a mask folder: its job and the parts that are done, so that a killed job resumes."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

import msgspec

from maskwright.errors import UsageError
from maskwright.files import synchronise, write_bytes
from maskwright.label_maps.drawing import DrawnChunk

NAME = ".masks.jsonl"

_done = msgspec.json.Decoder(DrawnChunk)
_LONGEST_SHOWN = 60


class MaskJob:
    """A mask job in the ``folder`` of its label maps; ``parts`` are the mask files of each part.

    ``settings`` identify the job. ``images`` are the file names of the images: a folder that contains one of them is an
    images folder and is refused. The first line of the journal holds the settings, each further line a finished part.
    """

    def __init__(
        self, folder: Path, settings: dict[str, Any], parts: Sequence[Sequence[str]], images: Iterable[str] = ()
    ) -> None:
        self.folder, self.settings = folder, settings
        self.images = {PurePath(name).name for name in images}
        self.parts = [tuple(part) for part in parts]
        self.path = folder / NAME

    def finished(self, overwrite: bool = False) -> dict[tuple[str, ...], DrawnChunk]:
        """Return the finished parts by their files, which all exist; none with ``overwrite``.

        Raises ``UsageError`` when the folder holds images. Without ``overwrite`` also when it holds the label maps of
        another job, or files with the names of label maps that no job wrote.
        """
        foreign = self.foreign()
        self._require_no_images(foreign)
        if overwrite or not self.folder.is_dir():
            return {}
        there = {entry.name for entry in self.folder.iterdir()}
        found, lines = self._journal()
        if found is not None:
            self._require_same(found)
        self._require_free(foreign)
        parts = set(self.parts)
        done = {tuple(part.files): part for part in _parts(lines)}
        return {files: part for files, part in done.items() if files in parts and there.issuperset(files)}

    def foreign(self) -> list[str]:
        """Return what the folder holds under the names of label maps, or images, that is not in the journal."""
        if not self.folder.is_dir():
            return []
        there = {entry.name for entry in self.folder.iterdir()}
        found, lines = self._journal()
        if found is None:
            return sorted(there.intersection(self.images.union(*self.parts)))
        own = {file for part in _parts(lines) for file in part.files}
        return sorted(there.intersection(set().union(*self.parts)) - own)

    def start(self, finished: Collection[DrawnChunk]) -> None:
        """Write the journal anew with the ``finished`` parts; remove the label maps of other parts in it."""
        self._remove_but(finished)
        lines = [msgspec.json.encode(self.settings), *(msgspec.json.encode(part) for part in finished)]
        write_bytes(self.path, b"".join(line + b"\n" for line in lines))

    def add(self, part: DrawnChunk) -> None:
        """Append a part to the journal, before its files get their names: what is not in it is somebody else's."""
        with self.path.open("ab") as journal:
            journal.write(msgspec.json.encode(part) + b"\n")
        synchronise([self.path])

    def _journal(self) -> tuple[dict[str, Any] | None, list[bytes]]:
        """Return the settings in the journal, None where there are none, and the lines of the parts."""
        lines = self.path.read_bytes().splitlines() if self.path.is_file() else []
        return (_settings(lines[0]) if lines else None), lines[1:]

    def _require_no_images(self, there: Sequence[str]) -> None:
        images = [name for name in there if name in self.images]
        if images:
            raise UsageError(
                f"{self.folder}: holds files with the names of images ({len(images)}, such as {images[0]}); expected "
                "another folder than that of the images. Choose another --out."
            )

    def _require_free(self, taken: Sequence[str]) -> None:
        if taken:
            raise UsageError(
                f"{self.folder}: holds files with the names of label maps that this command did not write "
                f"({len(taken)}, such as {taken[0]}); expected another folder. Choose another --out, or replace them "
                "with --overwrite."
            )

    def _require_same(self, found: dict[str, Any]) -> None:
        other = [key for key, value in self.settings.items() if found.get(key) != value]
        if other:
            changes = "; ".join(_change(key, found.get(key), self.settings[key]) for key in other)
            raise UsageError(
                f"{self.folder}: holds label maps drawn with other settings ({changes}); expected an empty folder or "
                "the same job. Choose another --out, or draw them again with --overwrite."
            )

    def _remove_but(self, finished: Iterable[DrawnChunk]) -> None:
        """Remove the label maps in the journal that are not of the parts ``finished``."""
        found, lines = self._journal()
        if found is None:
            return
        kept = {file for part in finished for file in part.files}
        own = {file for part in _parts(lines) for file in part.files if file.endswith(".png")}
        for name in own - kept:
            # An edited journal must not lead to the removal of files outside the folder.
            if Path(name).name == name:
                (self.folder / name).unlink(missing_ok=True)


def _change(key: str, before: Any, now: Any) -> str:
    shown = f"{key} {before!r}, now {now!r}"
    return shown if len(shown) <= _LONGEST_SHOWN else f"other {key}"


def _settings(line: bytes) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _parts(lines: Iterable[bytes]) -> Iterator[DrawnChunk]:
    for line in lines:
        try:
            yield _done.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # A process that was killed while writing leaves half a line.
            continue
