"""The reader and the writer of YOLO segmentation labels: one line per object, one outline per line.

A line is the class index, then x and y of each point as fractions of the image's width and height. An outline has
neither holes nor parts. They are joined to it by bridges of zero width (:mod:`maskwright.masks.keyhole`), which COCO's
rule draws exactly.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from maskwright.annotations.faults import Audit, Fault
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import (
    AnnotatedDataset,
    AnnotatedImage,
    AnnotatedObject,
    Polygons,
    ReadOptions,
    WriteOptions,
)
from maskwright.annotations.formats.image_files import OutputNames, copy_image, target_name
from maskwright.annotations.formats.yolo_images import YoloImage, yolo_images
from maskwright.annotations.formats.yolo_layout import Layout, inside, read_layout, write_data_yaml
from maskwright.annotations.formats.yolo_outline import to_yolo_outline
from maskwright.errors import DataError
from maskwright.files import write_text
from maskwright.images.decode import image_size
from maskwright.limits import beyond_limit, input_limit
from maskwright.masks.keyhole import loops
from maskwright.masks.rle import BadSegmentation, FinitePolygons, rasterise

# Some exporters round outwards. Farther out, coordinates are pixels, not fractions.
_TOLERANCE = 0.01


def read(path: Path, reading: ReadOptions) -> AnnotatedDataset:
    """Read a YOLO folder, or the folder of the ``data.yaml`` given; image sizes come from the image files.

    Lines that do not fit are skipped, with a fault in the audit. Raises the errors of :func:`read_layout`, and
    ``UsageError`` for a class that the data set does not have.
    """
    layout = read_layout(path)
    classes = reading.choose_classes(layout.names.values(), path)
    account = ConversionAudit(Audit(str(path)))
    for part, first in layout.repeated.items():
        message = f"names the images of its part {first} again as {part}"
        account.objects.faults.append(Fault("repeated_part", "file", None, message))
    return AnnotatedDataset(path, classes, list(layout.parts), _images(layout, classes, reading, account), account)


def _images(
    layout: Layout, classes: list[str], reading: ReadOptions, audit: ConversionAudit
) -> Iterator[AnnotatedImage]:
    for part in layout.parts:
        for entry in yolo_images(layout, part, reading.images, audit):
            audit.images_found += 1
            image = _image(entry, part, layout, classes, audit)
            if image is not None:
                yield image


def _image(
    entry: YoloImage, part: str, layout: Layout, classes: list[str], audit: ConversionAudit
) -> AnnotatedImage | None:
    name = entry.labels.relative_to(layout.root).as_posix()
    lines = _lines(entry.labels, layout.root, name, audit)
    if entry.image is None:
        message = "has no image file inside the folder, from which its size would come; see --images"
        audit.skip_image(Fault("missing_image", "image", entry.file_name, message), len(lines))
        return None
    try:
        height, width = image_size(entry.image)
    except DataError as error:
        audit.skip_image(Fault("unreadable_image", "image", entry.file_name, f"is damaged: {error}"), len(lines))
        return None
    image = AnnotatedImage(entry.file_name, height, width, part=part, path=entry.image)
    for number, line in lines:
        audit.objects.found += 1
        try:
            each = _object(line, layout.names, height, width)
        except BadSegmentation as bad:
            audit.objects.fault(Fault(bad.code, "line", f"{name}:{number}", str(bad)))
            continue
        if each.name not in classes:
            audit.objects.skip("other_class")
            continue
        audit.objects.used += 1
        image.objects.append(each)
    return image


def _lines(path: Path, root: Path, name: str, audit: ConversionAudit) -> list[tuple[int, str]]:
    """Return the lines of a label file that are not blank, with their numbers; an image may have no label file."""
    if inside(root, name) is None or not path.is_file():
        return []
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        audit.objects.faults.append(Fault("unreadable_file", "file", None, f"has {name}, not UTF-8 text ({error})"))
        return []
    return [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]


def _object(line: str, names: dict[int, str], height: int, width: int) -> AnnotatedObject:
    """Return the object of a line.

    Raises :class:`BadSegmentation` when the line is not an object.
    """
    try:
        index, *values = map(_number, line.split())
    except ValueError as error:
        raise BadSegmentation("bad_line", f"is not a line of numbers ({error!s:.120})") from error
    if index not in names:
        raise BadSegmentation("unnamed_class", f"has class {index:g}; the data set names {len(names)} classes")
    if len(values) == 4:
        raise BadSegmentation("box_only", "has a box instead of an outline")
    if len(values) < 6 or len(values) % 2:
        raise BadSegmentation("bad_line", f"has {len(values)} coordinates; expected at least three pairs")
    if not all(math.isfinite(value) and -_TOLERANCE <= value <= 1 + _TOLERANCE for value in values):
        raise BadSegmentation("bad_line", "has coordinates that are not fractions of the image, from 0 to 1")
    points = [(x * width, y * height) for x, y in zip(values[::2], values[1::2], strict=True)]
    outline = [side for point in points for side in point]
    drawn = rasterise(FinitePolygons([outline]), height, width)
    # Where no point is visited twice, nothing was joined.
    twice = len(set(points)) < len(points)
    rings: Polygons = [[*each.ravel().tolist()] for each in loops(np.array(points))] if twice else [outline]
    if len(rings) == 1:
        return AnnotatedObject(names[int(index)], drawn.rle, [outline])
    # Bridges are removed where the rings draw the same without them, as for parts but not for holes.
    same = bool(rings) and rasterise(rings, height, width).rle == drawn.rle
    return AnnotatedObject(names[int(index)], drawn.rle, rings if same else None)


def _number(text: str) -> float:
    if len(text) > input_limit("number-digits"):
        raise ValueError(f"a number has {len(text):,} letters; {beyond_limit('number-digits')}")
    return float(text)


class Writer:
    """The writer of a YOLO folder: ``data.yaml``, ``labels/<part>`` and, with copied images, ``images/<part>``."""

    def __init__(self, out: Path, classes: list[str], writing: WriteOptions) -> None:
        self._out = out
        self._classes = classes
        self._index = {name: index for index, name in enumerate(classes)}
        self._writing = writing
        self._claims = OutputNames()

    def add(self, image: AnnotatedImage, audit: ConversionAudit) -> None:
        """Write the label file of an image, which is empty when it has no objects.

        Raises ``DataError`` when two images would share a label file.
        """
        part, name = image.part or "train", target_name(image.file_name)
        file = Path("labels", part, name.with_suffix(".txt"))
        self._claims.claim(file, image)
        lines = [line for each in image.objects for line in self._line(each, audit)]
        write_text(self._out / file, "".join(f"{line}\n" for line in lines))
        if self._writing.copy_images:
            copy_image(image, self._out / "images" / part / name, audit)

    def finish(self, parts: list[str | None]) -> None:
        """Write ``data.yaml``."""
        write_data_yaml(self._out, self._classes, [part or "train" for part in parts])

    def _line(self, each: AnnotatedObject, audit: ConversionAudit) -> Iterator[str]:
        # A line cannot be marked as a crowd region, and training on one as an object harms the model.
        if each.crowd:
            audit.drop("crowd")
            return
        ring = to_yolo_outline(each, self._writing.holes, audit)
        if ring is None:
            audit.drop("outline_too_long" if each.area else "no_pixels")
        else:
            yield f"{self._index[each.name]} {ring}"
