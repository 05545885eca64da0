"""Leak detection: record the training images of a run, and warn where its scores are computed on some of them."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from maskwright.errors import DataError, some_of
from maskwright.files import read_json, write_json
from maskwright.images.decode import image_path
from maskwright.images.fingerprint import fingerprint
from maskwright.images.near_duplicates import near_pairs
from maskwright.runs.folder import OpenRun
from maskwright.runs.prepare import DataSplit


@dataclass(frozen=True)
class TrainingImages:
    """The images that a model was trained on: their ``folder``, and their ``sizes`` in bytes by file name."""

    folder: Path
    sizes: dict[str, int]

    @classmethod
    def of(cls, part: DataSplit) -> "TrainingImages":
        """Return the images of ``part`` as training images."""
        images = part.selection.images
        return cls(part.folder, {each.image.file_name: part.path_of(each).stat().st_size for each in images})

    def leaked(self, part: DataSplit) -> list[str]:
        """Return the file names of the images of ``part`` that are training images.

        An image is one when a training image has the same bytes under any name, or the same name and nearly the same
        picture, such as a copy that was compressed again. A name alone proves nothing: many data sets number their
        images from 1. Where the file of the training image is gone, name and size in bytes decide.
        """
        names = ((each.image.file_name, part.path_of(each)) for each in part.selection.images)
        return [name for name, path in names if self._has(name, path)]

    def _has(self, name: str, path: Path) -> bool:
        size = path.stat().st_size
        others = dict.fromkeys([*self._by_size.get(size, ()), *self._by_name.get(_bare(name), ())])
        return any(self._same(name, path, size, other) for other in others)

    def _same(self, name: str, path: Path, size: int, other: str) -> bool:
        its_path, same_name = image_path(self.folder, other), _bare(name) == _bare(other)
        if not its_path.is_file():
            return same_name and size == self.sizes[other]
        if its_path.stat().st_size == size and its_path.read_bytes() == path.read_bytes():
            return True
        return same_name and _looks_the_same(path, its_path)

    @cached_property
    def _by_size(self) -> dict[int, list[str]]:
        names: dict[int, list[str]] = defaultdict(list)
        for name, size in self.sizes.items():
            names[size].append(name)
        return names

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = defaultdict(list)
        for name in self.sizes:
            names[_bare(name)].append(name)
        return names


def record_training_images(run: OpenRun, part: DataSplit) -> None:
    """Write ``trained_on.json``: the training images of ``run``."""
    images = TrainingImages.of(part)
    write_json(run.files.trained_on_file, {"folder": str(images.folder), "bytes": images.sizes})


def find_leaked_images(run: OpenRun, part: DataSplit) -> dict[str, Any]:
    """Return ``{"trained_on": [file name]}`` for the images of ``part`` that ``run`` was trained on, and warn of them.

    It is empty when there are none, and for runs of an earlier version that did not record them.
    """
    file = run.files.trained_on_file
    if not file.is_file():
        return {}
    content = read_json(file)
    seen = TrainingImages(Path(content["folder"]), content["bytes"]).leaked(part)
    if not seen:
        return {}
    some = some_of(seen, 3)
    run.reporter.warn(
        [
            f"{part.annotations}: {len(seen)} of the {len(part.selection.images)} images of {part.name} are "
            f"training images ({some}); expected images that the model has not seen. Scores on them say nothing about "
            "new images. Split the data with `maskwright split`, which puts copies into one part."
        ]
    )
    return {"trained_on": seen}


def _bare(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def _looks_the_same(path: Path, other: Path) -> bool:
    try:
        a, b = fingerprint(path), fingerprint(other)
    except DataError:  # an unreadable image is reported where it is used
        return False
    return a.content == b.content or any(near_pairs([a], [b]))
