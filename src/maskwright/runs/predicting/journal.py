"""The journal of a prediction: which images are done, so that a stopped one goes on where it ended."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maskwright.errors import UsageError
from maskwright.files import remove_unfinished
from maskwright.masks.png import read_label_map
from maskwright.runs.predicting.inputs import ImageInput
from maskwright.runs.predicting.object_table import object_rows
from maskwright.runs.predicting.results import LABEL_MAPS, Written
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

    @contextmanager
    def kept(self, resume: bool, say: Callable[[str], None]) -> Iterator["Journal"]:
        """Start the journal with ``resume``, say how many images are done, and end it when the context ends well.

        Writers in the folder must be opened inside the context: starting removes what others left unfinished.
        """
        if resume:
            say(f"images that were done before: {self.start()}")
        yield self
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
        # A line that was cut off must not spoil the next one.
        path.write_text("".join(f"{json.dumps(line)}\n" for line in (first, *others)), encoding="utf-8")
        return len(self._lines)

    def has(self, image: ImageInput) -> bool:
        """Return whether ``image`` is done, and has not changed since."""
        line = self._lines.get(image.name)
        return line is not None and line["state"] == _state(image)

    def add(self, image: ImageInput, done: Written) -> None:
        """Note that ``image`` is done."""
        line: dict[str, Any] = {"image": image.name, "state": _state(image)}
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


def _state(image: ImageInput) -> list[int]:
    """Return what changes with the image: the size and the time of change of its file."""
    status = image.path.stat()
    return [status.st_size, status.st_mtime_ns]
