"""Checks of two files of one experiment: classes matched by name, and images that are in both."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.faults import Fault
from maskwright.structures import normalise_name


@dataclass(frozen=True)
class ClassComparison:
    """The classes of two files by name: both ids of ``shared`` classes, and the id of those in one file alone."""

    shared: dict[str, tuple[int, int]]
    only_here: dict[str, int]
    only_there: dict[str, int]

    @property
    def differing(self) -> dict[str, tuple[int, int]]:
        """The shared classes whose ids differ."""
        return {name: ids for name, ids in self.shared.items() if ids[0] != ids[1]}

    def to_json(self) -> dict[str, Any]:
        """Return ``{"shared", "differing_ids": {name: [here, there]}, "only_here": [name], "only_there": [name]}``."""
        return {
            "shared": len(self.shared),
            "differing_ids": {name: list(ids) for name, ids in self.differing.items()},
            "only_here": list(self.only_here),
            "only_there": list(self.only_there),
        }


def compare_classes(coco: CocoFile, other: CocoFile) -> ClassComparison:
    """Match the classes of ``coco`` and ``other`` by name; of categories that share a name, the first counts."""
    here, there = _ids(coco), _ids(other)
    return ClassComparison(
        {name: (identity, there[name]) for name, identity in here.items() if name in there},
        {name: identity for name, identity in here.items() if name not in there},
        {name: identity for name, identity in there.items() if name not in here},
    )


def class_faults(classes: ClassComparison, other: CocoFile) -> Iterator[Fault]:
    """Yield a fault of the first file for each class whose id differs, or that one of the files lacks."""
    for name, (here, there) in classes.differing.items():
        yield Fault("class_id_differs", "category", here, f"('{name}') has the id {there} in {other.path}")
    for name, here in classes.only_here.items():
        yield Fault("class_only_here", "category", here, f"('{name}') is not in {other.path}")
    for name, there in classes.only_there.items():
        yield Fault("class_only_there", "category", there, f"('{name}') is in {other.path} alone")


def same_file_names(coco: CocoFile, other: CocoFile) -> Iterator[Fault]:
    """Yield a fault for each image of ``coco`` whose file name is also in ``other``."""
    there = {image.file_name: image.id for image in other.images}
    for image in coco.images:
        if image.file_name in there:
            found = f"('{image.file_name}') has the file name of image {there[image.file_name]} of {other.path}"
            yield Fault("same_file_name", "image", image.id, found)


def _ids(coco: CocoFile) -> dict[str, int]:
    ids: dict[str, int] = {}
    for category in coco.categories:
        ids.setdefault(normalise_name(category.name), category.id)
    return ids
