"""The images that a model was trained on, and the recognition of them and of their copies among other images."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from maskwright.errors import DataError
from maskwright.files import read_json, write_json
from maskwright.images.decode import image_path
from maskwright.images.fingerprint import fingerprint
from maskwright.images.near_duplicates import near_pairs


@dataclass(frozen=True)
class TrainingImages:
    """The images that a model was trained on: their ``folder``, and their ``sizes`` in bytes by file name."""

    folder: Path
    sizes: dict[str, int]

    @classmethod
    def among(cls, folder: Path, names: Iterable[str]) -> "TrainingImages":
        """Return the images called ``names`` in ``folder`` as training images."""
        return cls(folder, {name: image_path(folder, name).stat().st_size for name in names})

    @classmethod
    def read(cls, file: Path) -> "TrainingImages":
        """Return the training images that :meth:`write` wrote to ``file``."""
        content = read_json(file)
        return cls(Path(content["folder"]), content["bytes"])

    def write(self, file: Path) -> None:
        """Write the training images to the JSON ``file``."""
        write_json(file, {"folder": str(self.folder), "bytes": self.sizes})

    def leaked(self, images: Iterable[tuple[str, Path]]) -> list[str]:
        """Return the names of those ``images``, each a name with its file, that are training images.

        An image is one when a training image has the same bytes under any name, or the same name and nearly the same
        picture, such as a copy that was compressed again. A name alone proves nothing: many data sets number their
        images from 1. Where the file of the training image is gone, name and size in bytes decide.
        """
        return [name for name, path in images if self._has(name, path)]

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


def _bare(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def _looks_the_same(path: Path, other: Path) -> bool:
    try:
        a, b = fingerprint(path), fingerprint(other)
    except DataError:  # an unreadable image is reported where it is used
        return False
    return a.content == b.content or any(near_pairs([a], [b]))
