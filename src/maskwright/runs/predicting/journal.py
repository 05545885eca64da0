"""The journal of a prediction: which images are done, so that a stopped one goes on where it ended."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maskwright.errors import UsageError
from maskwright.files import remove_unfinished, synchronise, write_text
from maskwright.masks.png import read_label_map
from maskwright.runs.predicting.inputs import ImageInput
from maskwright.runs.predicting.object_table import object_rows
from maskwright.runs.predicting.results import CUTOUTS, LABEL_MAPS, OVERLAYS, Written, cutout_file, overlay_file
from maskwright.structures import ClassTable, Instances

JOURNAL = "journal.jsonl"


@dataclass
class Journal:
    """The images that are done in the ``folder`` where results are staged, a line of JSON each.

    ``about`` is what the results depend on. ``table`` has the classes that are written, ``files`` the label map's file
    by image name; ``semantic`` says whether results are label maps.
    """

    folder: Path
    about: dict[str, Any]
    table: ClassTable
    files: Mapping[str, str]
    semantic: bool
    _lines: dict[str, dict[str, Any]] = field(default_factory=dict)
    _states: dict[str, list[int]] = field(default_factory=dict)

    @contextmanager
    def kept(self, resume: bool, images: Sequence[ImageInput], say: Callable[[str], None]) -> Iterator["Journal"]:
        """Start the journal with ``resume``, say how many images are done, and end it when the context ends well.

        What was written of other images than ``images``, or of one that has changed since, is removed. Writers in the
        folder must be opened inside the context: starting removes what others left unfinished.
        """
        if resume:
            # Before the images are read: one that changes meanwhile is then not taken for done.
            states = {path: _state(path) for path in {image.path for image in images}}
            self._states = {image.name: states[image.path] for image in images}
            self.start()
            self._forget([image for image in images if not self._is_whole(image)], images)
            say(f"images that were done before: {len(self._lines)}")
        yield self
        # The files reach the disk while the journal is there: a kill in these seconds loses nothing.
        synchronise([path for path in self.folder.rglob("*") if path.is_file()] if resume else [])
        (self.folder / JOURNAL).unlink(missing_ok=True)

    def start(self) -> int:
        """Read what an earlier call left, or begin the journal; return how many images are done.

        Raises ``UsageError`` when it is of another model, or of other options.
        """
        path = self.folder / JOURNAL
        if not path.is_file():
            self._append(self.about)
            return 0
        first, *others = _whole_lines(path)
        if first != self.about:
            changed = [key for key in self.about if first.get(key) != self.about[key]]
            raise UsageError(
                f"{self.folder.parent}: an interrupted prediction with another {' and other '.join(changed)} is there; "
                "expected the same. Leave --resume out to begin again."
            )
        self._lines = {line["image"]: line for line in others}
        remove_unfinished(self.folder)
        self._write()  # a line that was cut off must not spoil the next one
        return len(self._lines)

    def has(self, image: ImageInput) -> bool:
        """Return whether ``image`` is done, and has not changed since."""
        line = self._lines.get(image.name)
        return line is not None and line["state"] == self._states[image.name]

    def add(self, image: ImageInput, done: Written) -> None:
        """Note that ``image`` is done."""
        line: dict[str, Any] = {"image": image.name, "state": self._states[image.name]}
        if isinstance(done.found, Instances):
            line |= {"size": list(done.found.size), "objects": done.found.to_coco(0), "highest": done.highest}
        self._append(line)

    def written(self, image: ImageInput) -> Written:
        """Return the result of an ``image`` that is done."""
        if self.semantic:
            return Written(image.name, read_label_map(self.folder / LABEL_MAPS / self.files[image.name]))
        line = self._lines[image.name]
        height, width = line["size"]
        kept = Instances.from_coco(line["objects"], (height, width))
        return Written(image.name, kept, tuple(object_rows(image.name, kept, self.table)), line["highest"])

    def in_order(self, images: Iterable[ImageInput], fresh: Iterator[Written]) -> Iterator[tuple[ImageInput, Written]]:
        """Yield the results of ``images`` in their order, those that are done and the ``fresh`` ones.

        An image without a result, which could not be read, is left out.
        """
        following = next(fresh, None)
        for image in images:
            if self.has(image):
                yield image, self.written(image)
            elif following is not None and following.name == image.name:
                yield image, following
                following = next(fresh, None)

    def _is_whole(self, image: ImageInput) -> bool:
        """Return whether ``image`` is done and its files are there, which after a power failure they may not be."""
        return self.has(image) and all(_has_content(self.folder / name) for name in self._files_of(image.name, False))

    def _files_of(self, name: str, cutouts: bool) -> list[str]:
        """Return the files of a done image, also those of its ``cutouts``, of which some may not have been written."""
        file, objects = self.files[name], len(self._lines[name].get("objects", ()))
        found = [f"{LABEL_MAPS}/{file}"] if self.semantic else []
        found += [overlay_file(file)] if self.about["overlays"] else []
        return found + ([cutout_file(file, number + 1) for number in range(objects)] if cutouts else [])

    def _forget(self, changed: Iterable[ImageInput], images: Iterable[ImageInput]) -> None:
        """Forget the images that have ``changed`` or are none of ``images``, and remove what was written of them."""
        asked = {image.name for image in images} - {image.name for image in changed}
        self._lines = {name: line for name, line in self._lines.items() if name in asked}
        own = {file for name in self._lines for file in self._files_of(name, True)}
        for folder in (LABEL_MAPS, OVERLAYS, CUTOUTS):
            for path in (self.folder / folder).glob("*"):
                if f"{folder}/{path.name}" not in own:
                    path.unlink()
        self._write()

    def _write(self) -> None:
        lines = (self.about, *self._lines.values())
        write_text(self.folder / JOURNAL, "".join(f"{json.dumps(line)}\n" for line in lines))

    def _append(self, line: dict[str, Any]) -> None:
        with (self.folder / JOURNAL).open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(line)}\n")


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a journal; the last may be cut off by a kill."""
    found = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(text))
        except ValueError:
            break
    return found or [{}]


def _state(path: Path) -> list[int]:
    """Return what changes with the images in a file: its size and its time of change."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0
