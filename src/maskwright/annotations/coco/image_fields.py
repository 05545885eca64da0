"""The fields of image records that Maskwright does not read otherwise, such as ``video_id`` or ``coco_url``."""

from collections.abc import Iterator
from typing import Any

import msgspec

from maskwright.annotations.coco.document import Document, records_with_ids

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any = msgspec.json.Decoder()


def image_field(document: Document, name: str) -> dict[int, Any]:
    """The value of the field ``name`` by image id, for the records that have one and not null."""
    values = ((image_id, _any.decode(fields[name])) for image_id, fields in _records(document) if name in fields)
    return {image_id: value for image_id, value in values if value is not None}


def image_field_names(document: Document) -> set[str]:
    """The fields that the image records have."""
    return {name for _, fields in _records(document) for name in fields}


def _records(document: Document) -> Iterator[tuple[int, dict[str, msgspec.Raw]]]:
    images = document.coco.images
    records = records_with_ids(document.images, [image.id for image in images])
    for image, record in zip(images, records, strict=True):
        yield image.id, _fields.decode(record)
