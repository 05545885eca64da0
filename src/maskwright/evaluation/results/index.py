"""Look-ups from the ids in results to the images and classes of the truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Images(Protocol):
    """The images that results may refer to: ``sizes`` ``(H, W)`` by image id, and a look-up of a record's image."""

    sizes: Mapping[int, tuple[int, int]]

    def find(self, image_id: int, file_name: str | None) -> int | None:
        """Return the id in ``sizes`` of a record's image, or None when the truth does not have it."""
        ...


@dataclass
class ImageIndex:
    """The images that results may refer to: ``sizes`` ``(H, W)`` by image id, and ``ids`` by file name."""

    sizes: Mapping[int, tuple[int, int]]
    ids: Mapping[str, int]

    def find(self, image_id: int, file_name: str | None) -> int | None:
        """Return the id of a record's image, or None when the truth does not have it.

        A file name, where the record has one, goes before ``image_id``, because ids are private to one file. A name is
        looked up as it is, then without its folders.
        """
        if file_name is None:
            return image_id if image_id in self.sizes else None
        return self.ids.get(file_name, self.ids.get(file_name.replace("\\", "/").rpartition("/")[2]))


@dataclass(frozen=True)
class ClassIndex:
    """The meaning of results' category ids.

    ``categories`` maps them to the truth's category ids, ``foreign`` to the names of classes that are not scored.
    """

    categories: Mapping[int, int]
    foreign: Mapping[int, str] = field(default_factory=dict)
