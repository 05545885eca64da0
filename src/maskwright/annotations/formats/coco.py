"""The reader and the writer of COCO JSON for conversions."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from maskwright.annotations.coco.document import Document, read_document, write_coco
from maskwright.annotations.coco.file import CocoAnnotation, CocoFile, category_names
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import (
    AnnotatedDataset,
    AnnotatedImage,
    AnnotatedObject,
    Polygons,
    ReadOptions,
    WriteOptions,
)
from maskwright.annotations.formats.image_files import OutputNames, copy_image, file_in
from maskwright.annotations.objects import draw_objects
from maskwright.annotations.selection.select import audit_of_reading
from maskwright.masks.contours import polygons_with_holes
from maskwright.masks.rle import BadSegmentation, RasterisedMask, rasterise
from maskwright.structures import Rle

_HELD = {
    # Ids are private to one file and are given anew.
    "image": {"id", "file_name", "height", "width"},
    "category": {"id", "name"},
    "annotation": {"id", "image_id", "category_id", "segmentation", "iscrowd"},
}
_NOTHING = frozenset({b"null", b'""', b"[]", b"{}"})

_record = msgspec.json.Decoder(dict[str, msgspec.Raw])
_value = msgspec.json.Decoder()


def read(path: Path, reading: ReadOptions) -> AnnotatedDataset:
    """Read the COCO JSON at ``path``.

    Raises the errors of :func:`maskwright.annotations.coco.file.read_coco`, and ``UsageError`` for a class that the
    file does not have.
    """
    document = read_document(path)
    coco = document.coco
    names = category_names(coco)
    classes = reading.choose_classes((name for _, name in sorted(names.items())), path)
    account = ConversionAudit(audit_of_reading(coco), images_found=len(document.images))
    account.skipped_images.update(Counter(f.code for f in coco.faults if f.kind == "image" and f.code in _IMAGE_LOST))
    account.fields.update(_other_fields(document))
    chosen = set(classes)
    labels = {identity: 0 for identity, name in names.items() if name in chosen}
    return AnnotatedDataset(path, classes, [None], _images(coco, labels, reading, account), account, len(coco.images))


_IMAGE_LOST = frozenset({"bad_image", "duplicate_id"})


def _images(
    coco: CocoFile, labels: Mapping[int, int], reading: ReadOptions, audit: ConversionAudit
) -> Iterator[AnnotatedImage]:
    names, by_image = category_names(coco), coco.by_image()
    for image in coco.images:
        annotations = {each.id: each for each in by_image[image.id]}
        drawn = draw_objects(image, annotations.values(), labels, audit.objects)
        objects = [
            _object(annotations[identity], names, each, crowd)
            for identity, each, crowd in zip(drawn.ids, drawn.drawn, drawn.crowd, strict=True)
        ]
        path = file_in(reading.images, image.file_name)
        yield AnnotatedImage(image.file_name, image.height, image.width, objects, path=path)


def _object(
    annotation: CocoAnnotation, names: Mapping[int, str], drawn: RasterisedMask, crowd: bool
) -> AnnotatedObject:
    segmentation = _value.decode(annotation.segmentation)
    whole = isinstance(segmentation, list) and not drawn.dropped_parts
    return AnnotatedObject(names[annotation.category_id], drawn.rle, segmentation if whole else None, crowd)


def _other_fields(document: Document) -> Counter[str]:
    """Return how often each field occurs, with a value that is not empty, that other formats cannot hold."""
    fields = Counter(f"file.{key}" for key, value in document.head.items() if bytes(value) not in _NOTHING)
    for kind, records in (
        ("image", document.images),
        ("category", document.categories),
        ("annotation", document.annotations),
    ):
        for record in records:
            try:
                content = _record.decode(record)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            fields.update(
                f"{kind}.{key}"
                for key, value in content.items()
                if key not in _HELD[kind] and bytes(value) not in _NOTHING
            )
    return fields


class Writer:
    """The writer of COCO JSON.

    The file is ``out`` itself when it ends in ``.json``, else ``labels.json`` in it or in a folder per part.
    """

    def __init__(self, out: Path, classes: list[str], writing: WriteOptions) -> None:
        self._out = out
        self._copy = writing.copy_images
        self._claims = OutputNames()
        self._ids = {name: identity for identity, name in enumerate(classes, start=1)}
        self._images: dict[str | None, list[dict[str, Any]]] = {}
        self._annotations: dict[str | None, list[msgspec.Raw]] = {}

    def add(self, image: AnnotatedImage, audit: ConversionAudit) -> None:
        """Add an image and its objects, and copy its image file if asked for.

        Raises ``DataError`` when two images share a file name.
        """
        self._claims.claim(self._folder(image.part) / image.file_name, image)
        images = self._images.setdefault(image.part, [])
        annotations = self._annotations.setdefault(image.part, [])
        identity = len(images) + 1
        images.append({"id": identity, "file_name": image.file_name, "height": image.height, "width": image.width})
        for each in image.objects:
            record = {
                "id": len(annotations) + 1,
                "image_id": identity,
                "category_id": self._ids[each.name],
                "segmentation": segmentation_of(each, audit),
                "area": each.area,
                "bbox": each.box,
                "iscrowd": int(each.crowd),
            }
            annotations.append(msgspec.Raw(msgspec.json.encode(record)))
        if self._copy:
            copy_image(image, self._folder(image.part) / "images" / image.file_name, audit)

    def finish(self, parts: list[str | None]) -> None:
        """Write one file per part, also for parts without images."""
        categories = [{"id": identity, "name": name} for name, identity in self._ids.items()]
        for part in parts:
            path = self._out if self._out.suffix == ".json" else self._folder(part) / "labels.json"
            write_coco(path, self._images.get(part, []), self._annotations.get(part, []), categories)

    def _folder(self, part: str | None) -> Path:
        return self._out / part if part is not None else self._out


def segmentation_of(each: AnnotatedObject, audit: ConversionAudit) -> Polygons | dict[str, Any]:
    """Return the object as a COCO segmentation that draws its mask exactly: polygons where possible, else RLE.

    The source's own polygons come first, rounded to 0.01 pixels where that draws the same mask. Next comes the outline
    along the pixels. A crowd region is an RLE by COCO's convention. The counts of an RLE are text, because JSON has no
    bytes.
    """
    if not each.crowd and each.polygons is not None:
        return _rounded(each.polygons, each.rle)
    if not each.crowd:
        try:
            parts = polygons_with_holes(each.rle)
        except BadSegmentation:  # too long to draw
            parts = []
        if parts and not any(part.holes for part in parts):
            audit.change("outlined")
            return [[*part.outer.ravel().tolist()] for part in parts]
        audit.change("rle_written", any(part.holes for part in parts))
    return {"size": list(each.rle["size"]), "counts": each.rle["counts"].decode("ascii")}


def _rounded(polygons: Polygons, rle: Rle) -> Polygons:
    rounded = [[round(value, 2) for value in polygon] for polygon in polygons]
    return rounded if rasterise(rounded, *rle["size"]).rle == rle else polygons
