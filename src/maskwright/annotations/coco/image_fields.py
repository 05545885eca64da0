"""The fields of image records that the typed records lack, such as ``video_id`` or ``coco_url``."""

from collections.abc import Iterator
from typing import Any

import msgspec

from maskwright.annotations.coco.document import Document, records_with_ids

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any = msgspec.json.Decoder()


def image_field(document: Document, name: str) -> dict[int, Any]:
    """Return the value of the field ``name`` by image id; records without it, or with null, are omitted."""
    values = ((image_id, _any.decode(fields[name])) for image_id, fields in _records(document) if name in fields)
    return {image_id: value for image_id, value in values if value is not None}


def image_field_names(document: Document) -> set[str]:
    """Return the names of all fields of the image records."""
    return {name for _, fields in _records(document) for name in fields}


def _records(document: Document) -> Iterator[tuple[int, dict[str, msgspec.Raw]]]:
    images = document.coco.images
    records = records_with_ids(document.images, [image.id for image in images])
    for image, record in zip(images, records, strict=True):
        yield image.id, _fields.decode(record)
