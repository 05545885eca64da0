"""What all formats have in common: images with sizes, and objects with a class name and an exact mask."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hotcoco import mask as coco_mask

from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.errors import unknown_name
from maskwright.structures import Rle, normalise_name

Polygons = list[list[float]]


@dataclass(frozen=True)
class AnnotatedObject:
    """One object: the name of its class, and its mask.

    ``polygons`` are the source's own outlines ``[[x, y, …], …]`` in pixels, where it has some that draw exactly
    ``rle`` by COCO's rule. A ``crowd`` is a region of objects that were not told apart.
    """

    name: str
    rle: Rle
    polygons: Polygons | None = None
    crowd: bool = False

    @property
    def area(self) -> int:
        """The mask's pixels."""
        return int(coco_mask.area(self.rle))

    @property
    def box(self) -> list[int]:
        """The mask's tight box, xywh in pixels."""
        return [int(side) for side in coco_mask.to_bbox(self.rle)]


@dataclass(frozen=True)
class AnnotatedImage:
    """An image of ``height`` × ``width`` pixels and its objects in the source's order.

    ``file_name`` is relative to the images folder of its ``part`` (train, val …; None where the source has no parts).
    ``path`` is the image file, where it was found.
    """

    file_name: str
    height: int
    width: int
    objects: list[AnnotatedObject] = field(default_factory=list)
    part: str | None = None
    path: Path | None = None


@dataclass(frozen=True)
class AnnotatedDataset:
    """A source as it is read: ``images`` one by one, while ``account`` fills up.

    ``classes`` are the names in the source's order; ``parts`` the parts it has, ``[None]`` when it has none.
    """

    path: Path
    classes: list[str]
    parts: Sequence[str | None]
    images: Iterable[AnnotatedImage]
    audit: ConversionAudit
    total: int | None = None


@dataclass(frozen=True)
class ReadOptions:
    """How to read a source: the folder of its ``images``, the ``classes`` wanted (None: all).

    With ``components``, every connected part of a class is an object where the source does not tell objects apart.
    """

    images: Path | None = None
    classes: Sequence[str] | None = None
    components: bool = False

    def choose_classes(self, names: Iterable[str], source: Path) -> list[str]:
        """The classes to read, of those that ``source`` has; ``UsageError`` for one that it has not."""
        present = list(dict.fromkeys(names))
        if self.classes is None:
            return present
        wanted = list(dict.fromkeys(map(normalise_name, self.classes)))
        for name in wanted:
            if name not in present:
                raise unknown_name(f"class in {source}", name, present)
        return wanted


@dataclass(frozen=True)
class WriteOptions:
    """How to write a target: ``holes`` (keep or fill), the ``overlap`` rule, and whether to ``copy_images``."""

    holes: str = "keep"
    overlap: str = "last"
    copy_images: bool = False
