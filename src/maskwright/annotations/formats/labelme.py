"""The reader and the writer of LabelMe JSON: one file per image, one shape for each part of an object.

Shapes of one label and one ``group_id`` are one object. A polygon has no holes, so an object with holes is a shape of
type ``mask``: the pixels of a box as PNG.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec
from hotcoco import mask as coco_mask

from maskwright.annotations.faults import Audit, Fault
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import (
    AnnotatedDataset,
    AnnotatedImage,
    AnnotatedObject,
    ReadOptions,
    WriteOptions,
)
from maskwright.annotations.formats.image_files import OutputNames, copy_image, file_in, target_name
from maskwright.annotations.formats.label_maps import PARTS
from maskwright.annotations.formats.labelme_shapes import LabelMeShape, draw_shape, shape_label, shapes_of
from maskwright.errors import DataError, require_folder
from maskwright.files import write_json
from maskwright.images.decode import image_size
from maskwright.limits import input_limit
from maskwright.masks.rle import BadSegmentation, rasterise

_VERSION = "5.5.0"


class _File(msgspec.Struct):
    """The fields of a file that are read; ``imageData``, the image itself, is skipped."""

    shapes: list[msgspec.Raw]
    imagePath: str | None = None
    imageHeight: int | None = None
    imageWidth: int | None = None
    flags: dict[str, msgspec.Raw] | None = None


@dataclass(frozen=True)
class _Source:
    root: Path
    path: Path
    part: str | None

    @property
    def name(self) -> str:
        return self.path.relative_to(self.root).as_posix()


def read(path: Path, reading: ReadOptions) -> AnnotatedDataset:
    """Read the JSON files of a folder and its subfolders; classes are the labels by name.

    An image's name is its ``imagePath`` relative to the folder, or to the part's folder where the top level holds only
    ``train``, ``val`` ….

    Raises ``UsageError`` when there is no such folder, or for a class that no shape has. Raises ``DataError`` when
    there are no JSON files.
    """
    sources = _sources(require_folder(path, "LabelMe"))
    if not sources:
        raise DataError(f"{path}: holds no JSON files; expected LabelMe's, one an image.")
    classes = reading.choose_classes(sorted(set(_labels(sources))), path)
    account = ConversionAudit(Audit(str(path)))
    parts = list(dict.fromkeys(source.part for source in sources))
    return AnnotatedDataset(path, classes, parts, _images(sources, classes, reading, account), account, len(sources))


def _sources(root: Path) -> list[_Source]:
    files = sorted(root.rglob("*.json"))
    tops = {path.relative_to(root).parts[0] for path in files}
    if tops <= PARTS:
        return [_Source(root / (part := path.relative_to(root).parts[0]), path, part) for path in files]
    return [_Source(root, path, None) for path in files]


def _decoded(path: Path) -> _File | None:
    if not path.is_file():  # a folder, a FIFO, which would be waited for, a link that leads nowhere
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _labels(sources: list[_Source]) -> Iterator[str]:
    for source in sources:
        content = _decoded(source.path)
        for raw in content.shapes if content is not None else ():
            label = shape_label(raw)
            if label is not None:
                yield label


def _images(
    sources: list[_Source], classes: list[str], reading: ReadOptions, audit: ConversionAudit
) -> Iterator[AnnotatedImage]:
    seen: dict[tuple[str | None, str], str] = {}
    for source in sources:
        audit.images_found += 1
        content = _decoded(source.path)
        if content is None:
            audit.skip_image(Fault("unreadable_file", "image", source.name, "is not a LabelMe JSON file"))
            continue
        image = _image(source, content, reading, audit)
        if image is None:
            continue
        first = seen.setdefault((source.part, image.file_name), source.name)
        if first != source.name:
            message = f"is about the image '{image.file_name}', as {first} is"
            audit.skip_image(Fault("repeated_image", "image", source.name, message), len(content.shapes))
            continue
        image.objects.extend(_objects(source.name, content, image, classes, audit))
        yield image


def _image(source: _Source, content: _File, reading: ReadOptions, audit: ConversionAudit) -> AnnotatedImage | None:
    name = _image_name(source, content)
    own = file_in(source.root, name)
    given = file_in(reading.images, name) or file_in(reading.images, PurePosixPath(name).name)
    path = given or own
    height, width = content.imageHeight or 0, content.imageWidth or 0
    if (height < 1 or width < 1) and path is not None:
        try:
            height, width = image_size(path)
        except DataError as error:
            message = f"has no size, and its image is damaged: {error}"
            audit.skip_image(Fault("unreadable_image", "image", source.name, message), len(content.shapes))
            return None
    if height * width > (most := input_limit("image-pixels")):
        message = f"has {width}×{height} pixels (width×height), more than {most:,}; see --limit image-pixels"
        audit.skip_image(Fault("image_size", "image", source.name, message), len(content.shapes))
        return None
    if not height * width > 0 or height < 0:
        message = f"has the size {width}×{height} (width×height) and no image file '{name}' that tells it"
        audit.skip_image(Fault("missing_image", "image", source.name, message), len(content.shapes))
        return None
    audit.fields.update(
        f"file.flags.{flag}" for flag, value in (content.flags or {}).items() if bytes(value) != b"false"
    )
    return AnnotatedImage(name, height, width, part=source.part, path=path)


def _image_name(source: _Source, content: _File) -> str:
    """Return ``imagePath``, relative to the JSON file, as seen from the root; outside it, the image's name alone.

    Where no file can have that name, it is the JSON file's own.
    """
    given = PurePosixPath((content.imagePath or "").replace("\\", "/"))
    parts: list[str] = [] if given.is_absolute() else list(PurePosixPath(source.name).parent.parts)
    for part in given.parts:
        if part == ".." and not parts:
            parts = [given.name]
            break
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    name = given.name if given.is_absolute() else "/".join(parts)
    usable = given.name and "\0" not in name and len(name) <= input_limit("name-letters")
    return name if usable else f"{PurePosixPath(source.name).stem}.jpg"


def _objects(
    file: str, content: _File, image: AnnotatedImage, classes: list[str], audit: ConversionAudit
) -> Iterator[AnnotatedObject]:
    """Yield the objects in the order of their first shapes; a shape that cannot be drawn is a fault."""
    groups: dict[object, list[LabelMeShape]] = {}
    for number, raw in enumerate(content.shapes):
        try:
            shape = draw_shape(raw, image.height, image.width)
        except BadSegmentation as bad:
            audit.skip_object(Fault(bad.code, "shape", f"{file}:{number}", str(bad)))
            continue
        if shape.group is not None and (shape.name, shape.group) in groups:
            groups[shape.name, shape.group].append(shape)
        else:
            groups[(shape.name, shape.group) if shape.group is not None else number] = [shape]
        audit.fields.update(shape.fields)
    for shapes in groups.values():
        audit.objects.found += 1
        if shapes[0].name not in classes:
            audit.objects.skip("other_class")
            continue
        audit.objects.used += 1
        yield _joined(shapes)


def _joined(shapes: list[LabelMeShape]) -> AnnotatedObject:
    name, crowd = shapes[0].name, any(shape.crowd for shape in shapes)
    polygons = [shape.polygon for shape in shapes if shape.polygon is not None]
    if len(polygons) == len(shapes):
        height, width = shapes[0].rle["size"]
        return AnnotatedObject(name, rasterise(polygons, height, width).rle, polygons, crowd)
    return AnnotatedObject(name, coco_mask.merge([shape.rle for shape in shapes]), None, crowd)


class Writer:
    """The writer of LabelMe JSON: one file per image, in a folder per part, beside its image when that is copied."""

    def __init__(self, out: Path, classes: list[str], writing: WriteOptions) -> None:
        self._out = out
        self._writing = writing
        self._claims = OutputNames()

    def add(self, image: AnnotatedImage, audit: ConversionAudit) -> None:
        """Write the JSON file of an image.

        Raises ``DataError`` when two images would share a file.
        """
        name = target_name(image.file_name)
        folder = self._out / (image.part or "")
        path = folder / name.with_suffix(".json")
        self._claims.claim(path.relative_to(self._out), image)
        shapes = []
        for number, each in enumerate(image.objects, start=1):
            written = shapes_of(each, number, self._writing.holes, audit)
            if not written:
                audit.drop("no_pixels")
            shapes += written
        content = {
            "version": _VERSION,
            "flags": {},
            "shapes": shapes,
            "imagePath": name.name,
            "imageData": None,
            "imageHeight": image.height,
            "imageWidth": image.width,
        }
        write_json(path, content)
        if self._writing.copy_images:
            copy_image(image, folder / name, audit)

    def finish(self, parts: list[str | None]) -> None:
        """Do nothing: LabelMe has no list of classes."""
