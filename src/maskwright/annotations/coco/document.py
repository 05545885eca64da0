"""COCO files as raw JSON records, so that a copied record keeps its unknown fields.

:mod:`maskwright.annotations.coco.file` reads the same file into typed records. Here records stay undecoded, except for
their ids.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec

from maskwright.annotations.coco.file import CocoFile, coco_of_text
from maskwright.annotations.coco.json_text import decode_leniently, read_text
from maskwright.annotations.coco.loose_records import integer
from maskwright.annotations.faults import Fault
from maskwright.files import writing
from maskwright.parallel.garbage_collection import collector_paused

Record = msgspec.Raw | Mapping[str, Any]

_LISTS = ("images", "annotations", "categories")
_AT_ONCE = 4096


class _Identified(msgspec.Struct, gc=False):
    id: int | float | str


@dataclass
class Document:
    """The parts of a COCO file as raw JSON.

    ``coco`` is the same file as checked, typed records. ``head`` holds every other top-level key (``info``,
    ``licenses`` …) in file order.
    """

    coco: CocoFile
    head: dict[str, msgspec.Raw]
    images: list[msgspec.Raw]
    annotations: list[msgspec.Raw]
    categories: list[msgspec.Raw]


class _Lists(msgspec.Struct):
    images: list[msgspec.Raw]
    annotations: list[msgspec.Raw]
    categories: list[msgspec.Raw]


_lists = msgspec.json.Decoder(_Lists)
_top = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_document(path: Path) -> Document:
    """Read the COCO JSON at ``path`` as raw records and as typed records.

    Raises the errors of :func:`maskwright.annotations.coco.file.read_coco`.
    """
    faults: list[Fault] = []
    content = read_text(path, faults)

    def parts(content: bytes, _: list[Fault]) -> tuple[bytes, _Lists, dict[str, msgspec.Raw]]:
        return content, _lists.decode(content), _top.decode(content)

    with collector_paused():
        content, lists, top = decode_leniently(path, content, faults, parts)
    coco = coco_of_text(path, content, faults)
    head = {key: value for key, value in top.items() if key not in _LISTS}
    return Document(coco, head, lists.images, lists.annotations, lists.categories)


def with_annotations(document: Document, annotations: Iterable[Record]) -> Document:
    """Return ``document`` with other records of annotations, read anew; all else stays as it is, to the byte."""
    raw = [each if isinstance(each, msgspec.Raw) else msgspec.Raw(msgspec.json.encode(each)) for each in annotations]
    lists = {"images": document.images, "annotations": raw, "categories": document.categories}
    # What reading the text changed is lost in the new text.
    faults = [fault for fault in document.coco.faults if fault.kind == "file" and fault.code.startswith("json_")]
    coco = coco_of_text(document.coco.path, msgspec.json.encode({**document.head, **lists}), faults)
    return Document(coco, document.head, document.images, raw, document.categories)


def records_with_ids(records: Sequence[msgspec.Raw], ids: Iterable[int]) -> Iterator[msgspec.Raw]:
    """Yield the records whose ``id`` is in ``ids``, in file order; of records that share an id, the first.

    An id written as a string or with a decimal point counts as its integer, as in
    :func:`maskwright.annotations.coco.file.read_coco`.
    """
    wanted = set(ids)
    decoder = msgspec.json.Decoder(_Identified)
    for record in records:
        try:
            identity = decoder.decode(record).id
        except msgspec.DecodeError:
            continue
        if not isinstance(identity, int):
            identity = integer(identity)
        if identity in wanted:
            wanted.discard(identity)
            yield record


def write_coco(
    path: Path,
    images: Iterable[Record],
    annotations: Iterable[Record],
    categories: Iterable[Record],
    head: Mapping[str, Any] | None = None,
) -> None:
    """Write a COCO file with the keys of ``head`` (``info``, ``licenses`` …) first.

    Raw records are written verbatim. The file appears whole or not at all.
    """
    with writing(path) as temporary, temporary.open("wb") as file:
        file.write(b"{")
        for key, value in (head or {}).items():
            file.write(msgspec.json.encode(key) + b":" + msgspec.json.encode(value) + b",")
        for position, (key, records) in enumerate(zip(_LISTS, (images, annotations, categories), strict=True)):
            file.write(b"," * (position > 0) + msgspec.json.encode(key) + b":[")
            _write_records(file, records)
            file.write(b"]")
        file.write(b"}")


def _write_records(file: IO[bytes], records: Iterable[Record]) -> None:
    """Write ``records`` with commas between them, in chunks, so that the file is never in memory as a whole."""
    remaining = iter(records)
    first = True
    while chunk := list(islice(remaining, _AT_ONCE)):
        file.write((b"" if first else b",") + msgspec.json.encode(chunk)[1:-1])
        first = False
