"""Merging of two COCO files: classes are matched by name, and the second file's records get new ids."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from maskwright.annotations.coco.document import Document, records_with_ids
from maskwright.annotations.coco.file import CocoFile, category_names
from maskwright.errors import DataError

_LICENCES = "licenses"

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def merged(first: Document, second: Document) -> tuple[Document, dict[int, int]]:
    """Return the records of both files, and the new id of each image of ``second`` by its old one.

    Records and ``info`` of ``first`` are unchanged. Records of ``second`` keep all fields but their ids. Its licences
    are added.

    Raises ``DataError`` when both files have an image of the same file name.
    """
    _require_other_names(first.coco, second.coco)
    images = _numbered_on(first.coco.images, second.coco.images)
    head, licences = _licences(first.head, second.head)
    added = _renumbered(
        second,
        images,
        _numbered_on(first.coco.annotations, second.coco.annotations),
        _by_name(first.coco, second.coco),
        licences,
    )
    new = {each.id for each in added.coco.categories}.difference(each.id for each in first.coco.categories)
    # Of several categories with one name, the first is kept.
    categories = {each.id: each for each in reversed(added.coco.categories) if each.id in new}
    coco = CocoFile(
        first.coco.path,
        first.coco.images + added.coco.images,
        [*first.coco.categories, *reversed(categories.values())],
        first.coco.annotations + added.coco.annotations,
        len(first.coco.annotations) + len(added.coco.annotations),
    )
    document = Document(
        coco,
        head,
        first.images + added.images,
        first.annotations + added.annotations,
        [*first.categories, *records_with_ids(added.categories, new)],
    )
    return document, images


def _renumbered(
    document: Document,
    images: Mapping[int, int],
    annotations: Mapping[int, int],
    categories: Mapping[int, int],
    licences: Mapping[int, int],
) -> Document:
    """Return the records with new ids (old to new), both their own and those that they refer to."""
    coco = document.coco
    typed = CocoFile(
        coco.path,
        [replace(each, id=images[each.id]) for each in coco.images],
        [replace(each, id=categories[each.id]) for each in coco.categories],
        [
            replace(a, id=annotations[a.id], image_id=images[a.image_id], category_id=categories[a.category_id])
            for a in coco.annotations
        ],
        coco.annotations_found,
    )
    return Document(
        typed,
        document.head,
        [_image(raw, each.id, licences) for raw, each in zip(document.images, typed.images, strict=True)],
        [
            _changed(raw, id=each.id, image_id=each.image_id, category_id=each.category_id)
            for raw, each in zip(document.annotations, typed.annotations, strict=True)
        ],
        [_changed(raw, id=each.id) for raw, each in zip(document.categories, typed.categories, strict=True)],
    )


def _require_other_names(first: CocoFile, second: CocoFile) -> None:
    names = {image.file_name for image in first.images}
    both = [image.file_name for image in second.images if image.file_name in names]
    if both:
        some = ", ".join(f"'{name}'" for name in both[:3]) + (", …" if len(both) > 3 else "")
        raise DataError(
            f"{first.path} and {second.path} both have images called {some} ({len(both)}); expected different file "
            "names, because they identify images. Rename the files of one data set, or exclude these images from one."
        )


def _numbered_on(first: Sequence[Any], second: Sequence[Any]) -> dict[int, int]:
    """Return new ids of the records ``second``, which continue from the largest of ``first``."""
    start = max((record.id for record in first), default=0) + 1
    return {record.id: number for number, record in enumerate(second, start=max(start, 1))}


def _by_name(first: CocoFile, second: CocoFile) -> dict[int, int]:
    """Return the id of each category of ``second`` in the merged file: that of the class of its name, or a new one."""
    ids: dict[str, int] = {}
    for category_id, name in sorted(category_names(first).items()):
        ids.setdefault(name, category_id)
    highest = max([0, *(category.id for category in first.categories)])
    found = {}
    for category_id, name in sorted(category_names(second).items()):
        if name not in ids:
            highest += 1
            ids[name] = highest
        found[category_id] = ids[name]
    return found


def _licences(
    first: Mapping[str, msgspec.Raw], second: Mapping[str, msgspec.Raw]
) -> tuple[dict[str, msgspec.Raw], dict[int, int]]:
    """Return the top-level keys with the licences of both, and the new id of each licence of ``second``."""
    mine, theirs = _records(first), _records(second)
    if not theirs or mine == theirs:
        return dict(first), {}
    start = max([0, *(each["id"] for each in mine)]) + 1
    ids = {each["id"]: number for number, each in enumerate(theirs, start=start)}
    joined = [*mine, *({**each, "id": ids[each["id"]]} for each in theirs)]
    return {**first, _LICENCES: msgspec.Raw(msgspec.json.encode(joined))}, ids


def _records(head: Mapping[str, msgspec.Raw]) -> list[dict[str, Any]]:
    """Return the licences with an integer id; other values are not COCO's, and no image can refer to them."""
    found = msgspec.json.decode(head[_LICENCES]) if _LICENCES in head else []
    rows: Iterable[Any] = found if isinstance(found, list) else []
    return [row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), int)]


def _image(record: msgspec.Raw, image_id: int, licences: Mapping[int, int]) -> msgspec.Raw:
    fields = _fields.decode(record)
    licence = msgspec.json.decode(fields["license"]) if "license" in fields else None
    number = licences.get(licence) if isinstance(licence, int) else None
    return _changed(record, id=image_id, **({} if number is None else {"license": number}))


def _changed(record: msgspec.Raw, **ids: int) -> msgspec.Raw:
    """Return ``record`` with other ids; its other fields are copied as they are."""
    return msgspec.Raw(msgspec.json.encode({**_fields.decode(record), **ids}))
