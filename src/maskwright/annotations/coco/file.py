"""The reader of COCO JSON: typed records, and a fault for each record that does not fit.

Segmentations stay raw bytes until they are drawn, so a file of half a gigabyte is read in seconds.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from maskwright.annotations.coco.file_kind import is_absent, kind_fault
from maskwright.annotations.coco.json_text import BadJson, decode_leniently, read_text
from maskwright.annotations.coco.loose_records import parse_records
from maskwright.annotations.coco.repeated_keys import repeated_list
from maskwright.annotations.faults import Fault
from maskwright.limits import input_limit
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.structures import normalise_name

# Evaluators hold the ids of images and categories in arrays of 64 bits, and those of annotations in none.
Id = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class CocoImage(msgspec.Struct, gc=False):
    """One record of ``images``: its id, its file name, and its size in pixels.

    Raises ``ValueError`` for an empty file name, for one with NUL or more letters than the limit ``name-letters``, and
    for a size outside 1 pixel to the limit ``image-pixels``, at most 2³² - 1.
    """

    id: Id
    file_name: str
    height: int
    width: int

    def __post_init__(self) -> None:
        if not self.file_name or "\0" in self.file_name:
            raise ValueError(f"Expected a file name, got {self.file_name!r}")
        _require_short(self.file_name)
        # COCO counts the pixels of a run in 32 bits.
        most = min(input_limit("image-pixels"), 2**32 - 1)
        if min(self.height, self.width) < 1 or self.height * self.width > most:
            found = f"{self.height} × {self.width}"
            raise ValueError(f"Expected a size of 1 to {most} pixels (see --limit image-pixels), got {found}")


class CocoCategory(msgspec.Struct, gc=False):
    """One record of ``categories``.

    Raises ``ValueError`` for a name of more letters than the limit ``name-letters``.
    """

    id: Id
    name: str

    def __post_init__(self) -> None:
        _require_short(self.name)


def _require_short(name: str) -> None:
    if len(name) > input_limit("name-letters"):
        found = f"{len(name):,}, beginning '{name[:40]}'"
        raise ValueError(
            f"Expected a name of up to {input_limit('name-letters'):,} letters (--limit name-letters), got {found}"
        )


class _Unstated(int):
    """The value of a field that the file does not state."""


# A record without iscrowd is not a crowd. This zero distinguishes it from a record with iscrowd 0.
UNSTATED_CROWD = _Unstated(0)


class CocoAnnotation(msgspec.Struct, gc=False):
    """One record of ``annotations``.

    ``bbox`` is xywh in pixels, ``area`` in square pixels, ``segmentation`` undecoded JSON. ``iscrowd`` is
    ``UNSTATED_CROWD``, a zero, where the record has none. ``ignore`` is undecoded too. It serves a check alone, because
    pycocotools overwrites that field with ``iscrowd``.
    """

    id: int
    image_id: Id
    category_id: Id
    segmentation: msgspec.Raw = msgspec.Raw(b"null")
    bbox: list[float] | None = None
    area: float | None = None
    iscrowd: int | bool = UNSTATED_CROWD
    ignore: msgspec.Raw = msgspec.Raw(b"0")

    @property
    def usable_box(self) -> list[float] | None:
        """The ``bbox``, or None unless it is four numbers whose sides are not negative.

        A side of zero is kept, because pycocotools counts such an object as one that is missed.
        """
        box = self.bbox
        return box if box is not None and len(box) == 4 and box[2] >= 0 and box[3] >= 0 else None


# Names of licences are shown, and one file has few.
_LONGEST_LICENCE, _MOST_LICENCES = 100, 50
_NO_LICENCES, _ABSENT = msgspec.Raw(b"[]"), msgspec.Raw(b"null")
_Record = TypeVar("_Record", CocoImage, CocoAnnotation, CocoCategory)


class _Document(msgspec.Struct):
    images: list[CocoImage]
    annotations: list[CocoAnnotation]
    categories: list[CocoCategory]
    licenses: msgspec.Raw = _NO_LICENCES


class _LooseDocument(msgspec.Struct):
    images: list[msgspec.Raw]
    annotations: list[msgspec.Raw]
    categories: list[msgspec.Raw]
    licenses: msgspec.Raw = _NO_LICENCES


@dataclass
class CocoFile:
    """A COCO file with unique ids and valid references; records that do not fit are listed in ``faults``.

    ``annotations_found`` counts every annotation record of the file, so that found = kept + faulty. A file that is
    remapped by a taxonomy (see :mod:`maskwright.annotations.taxonomy.remapped_file`) has two more places for
    annotations. Those in ``ignored`` count neither for nor against a prediction, whatever their class. ``rejected``
    counts those whose class has no counterpart, by reason.

    ``kind`` is the fault of a file of another kind, such as boxes alone, which is in ``faults`` too (see
    :mod:`maskwright.annotations.coco.file_kind`). It is None for a file of instance annotations.
    ``licences`` names those under ``licenses``.
    """

    path: Path
    images: list[CocoImage]
    categories: list[CocoCategory]
    annotations: list[CocoAnnotation]
    annotations_found: int
    faults: list[Fault] = field(default_factory=list)
    ignored: list[CocoAnnotation] = field(default_factory=list)
    rejected: dict[str, int] = field(default_factory=dict)
    kind: Fault | None = None
    licences: tuple[str, ...] = ()

    def by_image(self) -> dict[int, list[CocoAnnotation]]:
        """Return the annotations by image id, in file order; an image without annotations has an empty list."""
        return self._by_image(self.annotations)

    def ignored_by_image(self) -> dict[int, list[CocoAnnotation]]:
        """Return the ``ignored`` annotations by image id, in file order; an image without any has an empty list."""
        return self._by_image(self.ignored)

    def _by_image(self, annotations: list[CocoAnnotation]) -> dict[int, list[CocoAnnotation]]:
        grouped: dict[int, list[CocoAnnotation]] = {image.id: [] for image in self.images}
        for annotation in annotations:
            grouped[annotation.image_id].append(annotation)
        return grouped


_strict = msgspec.json.Decoder(_Document)
_loose = msgspec.json.Decoder(_LooseDocument)


def read_coco(path: Path) -> CocoFile:
    """Read the COCO JSON at ``path``, plain or compressed by gzip.

    Records that do not fit (wrong types, repeated ids, references to missing records) are skipped and listed in
    ``faults``. ``faults`` also lists what was repaired to read the file: a byte-order mark, UTF-16, UTF-32, trailing
    commas, NaN, ids written as strings.

    Raises ``UsageError`` when there is no such file. Raises :class:`maskwright.annotations.coco.json_text.BadJson`, a
    ``DataError``, when it is not JSON, lacks one of COCO's top-level lists, or has one twice.
    """
    faults: list[Fault] = []
    return coco_of_text(path, read_text(path, faults), faults)


def coco_of_text(path: Path, content: bytes, faults: list[Fault]) -> CocoFile:
    """Return the COCO file whose JSON text is ``content``; see :func:`read_coco`.

    ``path`` names the file in messages. Faults are appended to ``faults``, which the result keeps.
    """
    with collector_paused():
        content, document = decode_leniently(path, content, faults, lambda text, found: (text, _decode(text, found)))
        _require_single_lists(path, content, document.annotations)
        found = len(document.annotations) + sum(fault.code in ("bad_annotation", "missing_id") for fault in faults)
        images = _unique(document.images, "image", faults)
        categories = _unique(document.categories, "category", faults)
        annotations = _unique(document.annotations, "annotation", faults)
        annotations = _referring(annotations, {i.id for i in images}, {c.id for c in categories}, faults)
        # Looked at again only where nothing can be drawn.
        kind = kind_fault(content) if found and all(is_absent(each.segmentation) for each in annotations) else None
    if kind is not None:
        faults.insert(0, kind)
    licences = licence_names(document.licenses)
    return CocoFile(path, images, categories, annotations, found, faults, kind=kind, licences=licences)


def _decode(content: bytes, faults: list[Fault]) -> _Document:
    try:
        return _strict.decode(content)
    except (msgspec.ValidationError, UnicodeDecodeError):
        loose = _loose.decode(content)
        return _Document(
            parse_records(loose.images, CocoImage, "image", faults),
            parse_records(loose.annotations, CocoAnnotation, "annotation", faults),
            parse_records(loose.categories, CocoCategory, "category", faults),
            loose.licenses,
        )


def _require_single_lists(path: Path, content: bytes, annotations: list[CocoAnnotation]) -> None:
    ends = (annotations[0].segmentation, annotations[-1].segmentation) if annotations else (_ABSENT, _ABSENT)
    key = repeated_list(content, *ends)
    if key is not None:
        found = f"has the key '{key}' more than once, of which readers take one and lose the others"
        raise BadJson(path, "json_repeated_key", found)


def _unique(records: list[_Record], kind: str, faults: list[Fault]) -> list[_Record]:
    if len({record.id for record in records}) == len(records):
        return records
    kept: dict[int, _Record] = {}
    for record in records:
        if record.id in kept:
            faults.append(Fault("duplicate_id", kind, record.id, "repeats an id; only its first record is used"))
        else:
            kept[record.id] = record
    return list(kept.values())


def _referring(
    annotations: list[CocoAnnotation], images: set[int], categories: set[int], faults: list[Fault]
) -> list[CocoAnnotation]:
    if {each.image_id for each in annotations} <= images and {each.category_id for each in annotations} <= categories:
        return annotations
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
    """Return the class name (NFC, stripped) by category id."""
    return {category.id: normalise_name(category.name) for category in coco.categories}


class _Licence(msgspec.Struct):
    name: str


_licences = msgspec.json.Decoder(list[_Licence])


def licence_names(content: msgspec.Raw) -> tuple[str, ...]:
    """Return the names in the JSON of ``licenses``, without repetition; none where it is no list of licences."""
    try:
        found = _licences.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    names = (each.name.strip()[:_LONGEST_LICENCE] for each in found[:_MOST_LICENCES])
    return tuple(dict.fromkeys(name for name in names if name))
