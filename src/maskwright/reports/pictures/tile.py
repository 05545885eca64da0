"""A tile: a small picture of an image with its objects drawn in the colours of their classes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwright.annotations.objects import ImageObjects
from maskwright.errors import DataError
from maskwright.images.decode import image_path, image_size, read_image
from maskwright.images.draw import overlay_label_map
from maskwright.images.encode import write_jpeg
from maskwright.images.resize import resize_image, resize_label_map
from maskwright.masks.label_map import draw_label_map
from maskwright.structures import ClassInfo, ClassTable

Color = tuple[int, int, int]

# Four tiles fill the width of a page. Each has 1.5 pixels for each CSS pixel of its width there.
WIDTH, HEIGHT = 360, 270


@dataclass(frozen=True)
class Tile:
    """A ``picture`` ``(h, w, 3)`` uint8 RGB of at most ``WIDTH`` × ``HEIGHT`` pixels, and what it shows.

    ``classes`` are the names and colours of its classes, the class with the largest area first. ``instances`` does not
    count crowd regions; ``crowds`` does. ``full_size`` (height, width) is that of the picture in full resolution where
    it was written, else None.
    """

    picture: npt.NDArray[np.uint8]
    file_name: str
    classes: list[tuple[str, Color]]
    instances: int
    crowds: int
    full_size: tuple[int, int] | None = None


def draw_tile(objects: ImageObjects, folder: Path, table: ClassTable, full: Path | None = None) -> Tile:
    """Read the image of ``objects`` from ``folder`` and draw them: small ones on top, crowd regions hatched in grey.

    An image that is larger than a tile is also drawn in its own size, into the JPEG file ``full`` if given.

    Raises ``DataError`` when the file is missing, lies outside the folder, is no image or has another size than the
    JSON says.
    """
    image, size = objects.image, (objects.image.height, objects.image.width)
    path = image_path(folder, image.file_name)
    # Before decoding: a wrong file may have any size.
    found = image_size(path)
    if found != size:
        raise DataError(
            f"{path}: the image is {found[1]}×{found[0]} pixels on disk, but {size[1]}×{size[0]} in the JSON "
            "(width×height); expected the image that the masks were drawn on."
        )
    picture = read_image(path)
    scale = min(WIDTH / size[1], HEIGHT / size[0])
    small = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    things, labels = _draw_apart(objects, table)
    overlay = overlay_label_map(resize_image(picture, small), resize_label_map(labels, small), things)
    crowds, larger = sum(objects.crowd), full is not None and scale < 1
    if full is not None and larger:
        write_jpeg(full, overlay_label_map(picture, labels, things))
    shown = _classes(objects, table)
    return Tile(overlay, image.file_name, shown, len(objects.ids) - crowds, crowds, size if larger else None)


def _draw_apart(objects: ImageObjects, table: ClassTable) -> tuple[ClassTable, npt.NDArray[np.uint8 | np.uint16]]:
    """Return a table with a class for each object, and the label map drawn by it.

    Neighbouring objects of one class so have outlines of their own.
    """
    alone = [i for i, crowd in enumerate(objects.crowd) if not crowd]
    colors = [table.classes[objects.labels[i] - 1].color for i in alone]
    things = ClassTable(tuple(ClassInfo(index, "", color) for index, color in enumerate(colors, start=1)))
    labels = draw_label_map(
        (objects.image.height, objects.image.width),
        [objects.drawn[i].rle for i in alone],
        [c.index for c in things],
        [objects.drawn[i].area for i in alone],
        rule="smallest",
        ignored=[drawn.rle for drawn, crowd in zip(objects.drawn, objects.crowd, strict=True) if crowd],
        ignore_index=things.ignore_index,
        dtype=things.label_dtype,
    )
    return things, labels


def _classes(objects: ImageObjects, table: ClassTable) -> list[tuple[str, Color]]:
    areas: dict[int, int] = {}
    for label, drawn, crowd in zip(objects.labels, objects.drawn, objects.crowd, strict=True):
        if not crowd:
            areas[label] = areas.get(label, 0) + drawn.area
    ordered = sorted(areas, key=lambda label: -areas[label])
    return [(table.classes[label - 1].name, table.classes[label - 1].color) for label in ordered]
