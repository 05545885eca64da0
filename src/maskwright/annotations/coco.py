"""The COCO JSON reader: typed, fast on files of any size, and able to name the records that do not fit.

Segmentations stay raw bytes until they are drawn, which is what makes a file of half a gigabyte a matter of seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from maskwright.annotations.faults import Fault
from maskwright.errors import DataError, require_file
from maskwright.structures import normalise_name


class CocoImage(msgspec.Struct, gc=False):
    """One record of ``images``; sizes in pixels."""

    id: int
    file_name: str
    height: int
    width: int

    def __post_init__(self) -> None:
        if not self.file_name or "\0" in self.file_name:
            raise ValueError(f"Expected a file name, got {self.file_name!r}")
        # COCO counts the pixels of a run in 32 bits.
        if min(self.height, self.width) < 1 or self.height * self.width >= 2**32:
            raise ValueError(f"Expected a size of 1 to 4294967295 pixels, got {self.height} × {self.width}")


class CocoCategory(msgspec.Struct, gc=False):
    """One record of ``categories``."""

    id: int
    name: str


class CocoAnnotation(msgspec.Struct, gc=False):
    """One record of ``annotations``; ``bbox`` is xywh in pixels, ``segmentation`` undecoded JSON."""

    id: int
    image_id: int
    category_id: int
    segmentation: msgspec.Raw = msgspec.Raw(b"null")
    bbox: list[float] | None = None
    area: float | None = None
    iscrowd: int | bool = 0


_Record = TypeVar("_Record", CocoImage, CocoAnnotation, CocoCategory)


class _Document(msgspec.Struct):
    images: list[CocoImage]
    annotations: list[CocoAnnotation]
    categories: list[CocoCategory]


class _LooseDocument(msgspec.Struct):
    images: list[msgspec.Raw]
    annotations: list[msgspec.Raw]
    categories: list[msgspec.Raw]


@dataclass
class CocoFile:
    """A COCO file whose ids are unique and whose references hold; what did not fit is in ``faults``.

    ``annotations_found`` counts every annotation record of the file, so that found = kept + faulty.
    """

    path: Path
    images: list[CocoImage]
    categories: list[CocoCategory]
    annotations: list[CocoAnnotation]
    annotations_found: int
    faults: list[Fault] = field(default_factory=list)

    def by_image(self) -> dict[int, list[CocoAnnotation]]:
        """Annotations by image id, in file order; images without any are present with an empty list."""
        grouped: dict[int, list[CocoAnnotation]] = {image.id: [] for image in self.images}
        for annotation in self.annotations:
            grouped[annotation.image_id].append(annotation)
        return grouped


_strict = msgspec.json.Decoder(_Document)
_loose = msgspec.json.Decoder(_LooseDocument)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any = msgspec.json.Decoder()


def read_coco(path: Path) -> CocoFile:
    """Read the COCO JSON at ``path``.

    Records that do not fit (wrong types, repeated ids, references to nothing) are left out and listed in ``faults``.

    Raises ``UsageError`` when there is no such file, ``DataError`` when it is not JSON or not COCO's top level.
    """
    content = require_file(path, "annotations").read_bytes()
    faults: list[Fault] = []
    try:
        document = _decode(path, content, faults)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: is not valid JSON ({error}); expected a COCO file. Export or download it again."
        ) from error
    except RecursionError as error:
        raise DataError(f"{path}: is nested too deeply; expected a COCO file. Export or download it again.") from error
    found = len(document.annotations) + sum(fault.kind == "annotation" for fault in faults)
    images = _unique(document.images, "image", faults)
    categories = _unique(document.categories, "category", faults)
    annotations = _unique(document.annotations, "annotation", faults)
    annotations = _referring(annotations, {i.id for i in images}, {c.id for c in categories}, faults)
    return CocoFile(path, images, categories, annotations, found, faults)


def _decode(path: Path, content: bytes, faults: list[Fault]) -> _Document:
    try:
        return _strict.decode(content)
    except msgspec.ValidationError:
        return _decode_loosely(path, content, faults)


def _decode_loosely(path: Path, content: bytes, faults: list[Fault]) -> _Document:
    """Decode record by record, so that one bad record does not cost the file."""
    try:
        loose = _loose.decode(content)
    except msgspec.ValidationError as error:
        raise DataError(
            f"{path}: is not a COCO file ({error}); expected an object with the lists images, annotations and "
            "categories."
        ) from error
    return _Document(
        _records(loose.images, CocoImage, "image", faults),
        _records(loose.annotations, CocoAnnotation, "annotation", faults),
        _records(loose.categories, CocoCategory, "category", faults),
    )


def _records(raw: Sequence[msgspec.Raw], record_type: type[_Record], kind: str, faults: list[Fault]) -> list[_Record]:
    decoder = msgspec.json.Decoder(record_type)
    records = []
    for position, content in enumerate(raw):
        try:
            records.append(decoder.decode(content))
        except msgspec.ValidationError as error:
            message = f"(record {position}) does not fit COCO: {error}"
            faults.append(Fault(f"bad_{kind}", kind, _identity(content), message))
    return records


def _identity(content: msgspec.Raw) -> Any:
    """The record's ``id``, whatever it is; the other fields stay undecoded, because one of them is at fault."""
    try:
        return _any.decode(_fields.decode(content)["id"])
    except (msgspec.ValidationError, KeyError):
        return None


def _unique(records: list[_Record], kind: str, faults: list[Fault]) -> list[_Record]:
    kept: dict[int, _Record] = {}
    for record in records:
        if record.id in kept:
            faults.append(Fault("duplicate_id", kind, record.id, "repeats an id; only the first record is used"))
        else:
            kept[record.id] = record
    return list(kept.values())


def _referring(
    annotations: list[CocoAnnotation], images: set[int], categories: set[int], faults: list[Fault]
) -> list[CocoAnnotation]:
    kept = []
    for annotation in annotations:
        if annotation.image_id not in images:
            message = f"refers to image {annotation.image_id}, which the file does not list"
            faults.append(Fault("unknown_image", "annotation", annotation.id, message))
        elif annotation.category_id not in categories:
            message = f"refers to category {annotation.category_id}, which the file does not list"
            faults.append(Fault("unknown_category", "annotation", annotation.id, message))
        else:
            kept.append(annotation)
    return kept


def category_names(coco: CocoFile) -> dict[int, str]:
    """Class name (NFC, stripped) by category id."""
    return {category.id: normalise_name(category.name) for category in coco.categories}
