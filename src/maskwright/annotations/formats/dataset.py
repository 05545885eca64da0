"""The data set that all formats share: images with sizes, and objects with a class name and an exact mask."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hotcoco import mask as coco_mask

from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.errors import DataError, unknown_name
from maskwright.limits import beyond_limit, input_limit
from maskwright.structures import Rle, normalise_name

Polygons = list[list[float]]


@dataclass(frozen=True)
class AnnotatedObject:
    """One object: the name of its class, and its mask.

    ``polygons`` are the source's own outlines ``[[x, y, …], …]`` in pixels, when they draw exactly ``rle`` by COCO's
    rule, else None. A ``crowd`` is a region of objects that are not separated.
    """

    name: str
    rle: Rle
    polygons: Polygons | None = None
    crowd: bool = False

    @property
    def area(self) -> int:
        """The number of pixels of the mask."""
        return int(coco_mask.area(self.rle))

    @property
    def box(self) -> list[int]:
        """The tight box of the mask, xywh in pixels."""
        return [int(side) for side in coco_mask.to_bbox(self.rle)]


@dataclass(frozen=True)
class AnnotatedImage:
    """An image of ``height`` × ``width`` pixels, and its objects in the source's order.

    ``file_name`` is relative to the images folder of its ``part`` (train, val …; None where the source has no parts).
    ``path`` is the image file, None when it was not found.
    """

    file_name: str
    height: int
    width: int
    objects: list[AnnotatedObject] = field(default_factory=list)
    part: str | None = None
    path: Path | None = None


@dataclass(frozen=True)
class AnnotatedDataset:
    """A source that is read image by image: iterating over ``images`` fills ``audit``.

    ``classes`` are the names in the source's order. ``parts`` are its parts, ``[None]`` when it has none. ``total`` is
    the number of images, None when it is not known before reading.
    """

    path: Path
    classes: list[str]
    parts: Sequence[str | None]
    images: Iterable[AnnotatedImage]
    audit: ConversionAudit
    total: int | None = None


@dataclass(frozen=True)
class ReadOptions:
    """The options of reading a source: the folder of its ``images``, and the ``classes`` to read (None: all).

    With ``components``, every connected component of a class is an object where the source does not separate objects.
    """

    images: Path | None = None
    classes: Sequence[str] | None = None
    components: bool = False

    def choose_classes(self, names: Iterable[str], source: Path) -> list[str]:
        """Return the classes to read, of the ``names`` that ``source`` has.

        Raises ``UsageError`` for a class that it does not have, ``DataError`` for a name of more letters than the limit
        ``name-letters``.
        """
        present = list(dict.fromkeys(names))
        for name in present:
            if len(name) > input_limit("name-letters"):
                found = f"{source}: has a class with a name of {len(name):,} letters, beginning '{name[:40]}'"
                raise DataError(f"{found}; {beyond_limit('name-letters')}; or shorten it.")
        if self.classes is None:
            return present
        wanted = list(dict.fromkeys(map(normalise_name, self.classes)))
        for name in wanted:
            if name not in present:
                raise unknown_name(f"class in {source}", name, present)
        return wanted


@dataclass(frozen=True)
class WriteOptions:
    """The options of writing a target.

    ``holes`` is ``keep`` or ``fill``. ``overlap`` is the rule for pixels of several objects. ``copy_images`` also
    copies the image files.
    """

    holes: str = "keep"
    overlap: str = "last"
    copy_images: bool = False
