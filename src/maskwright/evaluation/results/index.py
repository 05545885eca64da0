"""What the ids in results mean: which image of the truth, and which class."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Images(Protocol):
    """The images that results may refer to, however they name them."""

    sizes: Mapping[int, tuple[int, int]]

    def find(self, image_id: int, file_name: str | None) -> int | None:
        """The id of a record's image in ``sizes``, or None when it is none of them."""
        ...


@dataclass
class ImageIndex:
    """The images that results may refer to: sizes ``(H, W)`` by id, and ids by file name."""

    sizes: Mapping[int, tuple[int, int]]
    ids: Mapping[str, int]

    def find(self, image_id: int, file_name: str | None) -> int | None:
        """The id of a record's image: by its file name where it has one, because ids are private to one file.

        Folders in the name do not matter.
        """
        if file_name is None:
            return image_id if image_id in self.sizes else None
        return self.ids.get(file_name, self.ids.get(file_name.replace("\\", "/").rpartition("/")[2]))


@dataclass(frozen=True)
class ClassIndex:
    """What the results' category ids mean: the truth's category id, or the name of a class that is not scored."""

    categories: Mapping[int, int]
    foreign: Mapping[int, str] = field(default_factory=dict)
