"""Decisions of a review: the accepted corrections of suspected label errors, applied to the raw records of a file.

Records that no accepted decision names stay as they are, to the byte.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from maskwright.annotations.coco.document import Document, with_annotations
from maskwright.annotations.coco.loose_records import identity, record_fields
from maskwright.annotations.repair.document import next_annotation_id
from maskwright.annotations.repair.edit import Edit, Repair
from maskwright.errors import DataError, require_file
from maskwright.files import read_regular_file, sha256_of

FORMAT = "maskwright review decisions"
VERDICTS = ("accept", "reject", "unsure")


class RecordChange(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """One change of a file: ``add`` a record, or ``remove`` one, or give one another ``class`` or ``outline``.

    ``annotation`` is the id of the record in the file; ``image_id`` and ``category_id`` are ids of the file too.
    ``segmentation`` is a compressed RLE, ``bbox`` xywh and ``area`` are in pixels.
    """

    do: Literal["add", "remove", "class", "outline"]
    annotation: int | None = None
    image_id: int | None = None
    category_id: int | None = None
    segmentation: dict[str, Any] | None = None
    bbox: list[float] | None = None
    area: float | None = None

    def __post_init__(self) -> None:
        needs = {
            "add": ("image_id", "category_id", "segmentation", "bbox", "area"),
            "remove": ("annotation",),
            "class": ("annotation", "category_id"),
            "outline": ("annotation", "segmentation", "bbox", "area"),
        }
        missing = [name for name in needs[self.do] if getattr(self, name) is None]
        if missing:
            raise ValueError(f"Expected {', '.join(missing)} beside do: {self.do}")


class Decision(msgspec.Struct):
    """The decision on one suspect: its id and kind, the verdict, and the changes that make the correction."""

    suspect: str
    kind: str
    decision: Literal["accept", "reject", "unsure"]
    changes: list[RecordChange] = []
    image: str = ""


class _OfFile(msgspec.Struct):
    sha256: str
    file: str = ""


class _Decisions(msgspec.Struct):
    format: str
    annotations: _OfFile
    decisions: list[Decision]


@dataclass
class DecidedDocument:
    """A document with the accepted decisions applied: the repairs, and how many records were removed and added."""

    document: Document
    repairs: list[Repair] = field(default_factory=list)
    removed: int = 0
    added: int = 0


def read_decisions(path: Path, annotations: Path) -> list[Decision]:
    """Return the decisions in the file at ``path``, which a review of the file ``annotations`` wrote.

    Raises ``UsageError`` when there is no such file. Raises ``DataError`` when it holds no decisions, when they are of
    another file or another version of it, and when two accepted decisions change one annotation.
    """
    require_file(path, "decisions")
    return parse_decisions(read_regular_file(path), path, annotations)


def parse_decisions(content: bytes, path: Path, annotations: Path) -> list[Decision]:
    """Return the decisions in ``content``, which was read from ``path``; see :func:`read_decisions`."""
    try:
        found = msgspec.json.decode(content, type=_Decisions)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_decisions(path, str(error)) from error
    if found.format != FORMAT:
        raise _no_decisions(path, f"its format is {found.format[:60]!r}")
    if found.annotations.sha256 != sha256_of(annotations):
        raise DataError(
            f"{path}: its decisions are of another version of {found.annotations.file or 'a file'} than {annotations}; "
            "expected the file that was reviewed, byte for byte. Give that file, or review this one."
        )
    changed = Counter(
        change.annotation
        for each in found.decisions
        if each.decision == "accept"
        for change in each.changes
        if change.annotation is not None
    )
    twice = [number for number, times in changed.items() if times > 1]
    if twice:
        raise DataError(
            f"{path}: two accepted decisions change annotation {twice[0]}; expected one. Reject one of them."
        )
    return found.decisions


def _no_decisions(path: Path, found: str) -> DataError:
    return DataError(
        f"{path}: holds no decisions of a review ({found}); expected decisions.json as the page of maskwright review "
        "saves it. Save it again from the page; for an export of Label Studio or CVAT give --suspects too."
    )


def apply_decisions(document: Document, decisions: Sequence[Decision]) -> DecidedDocument:
    """Return ``document`` with the accepted ``decisions`` applied; all other records stay as they are.

    New annotations come last, with ids above all others. Raises ``DataError`` for an annotation, image or category that
    the file does not have.
    """
    changes = [
        (each, change) for each in decisions if each.decision == "accept" for change in each.changes
    ]  # in the order of the page
    _require_known(document, [change for _, change in changes])
    by_annotation = {change.annotation: (each, change) for each, change in changes if change.do != "add"}
    done = DecidedDocument(document)
    records = [*_changed(document, by_annotation, done)]
    number = next_annotation_id(document.coco)
    for each, change in changes:
        if change.do == "add":
            records.append(_added(number, change))
            done.repairs.append(
                Repair(f"review_{each.kind}", "annotation", number, f"added, by decision {each.suspect}")
            )
            done.added += 1
            number += 1
    if changes:
        done.document = with_annotations(document, records)
    return done


def _changed(
    document: Document, changes: dict[int | None, tuple[Decision, RecordChange]], done: DecidedDocument
) -> Iterator[msgspec.Raw]:
    waiting = dict(changes)
    for raw in document.annotations:
        number = identity(record_fields(raw)) if waiting else None
        # Of records that share an id the first counts, as everywhere.
        each, change = waiting.pop(number, (None, None)) if isinstance(number, int) else (None, None)
        if each is None or change is None:
            yield raw
            continue
        edit = Edit.of("annotation", raw)
        code = f"review_{each.kind}"
        if change.do == "remove":
            edit.remove(code, f"decision {each.suspect} says so")
            done.removed += 1
        elif change.do == "class":
            edit.set("category_id", change.category_id, code)
        else:
            for name in ("segmentation", "bbox", "area"):
                edit.set(name, getattr(change, name), code)
        done.repairs += edit.repairs
        if not edit.removed:
            yield msgspec.Raw(msgspec.json.encode(edit.record))


def _added(number: int, change: RecordChange) -> msgspec.Raw:
    record = {
        "id": number,
        "image_id": change.image_id,
        "category_id": change.category_id,
        "segmentation": change.segmentation,
        "bbox": change.bbox,
        "area": change.area,
        "iscrowd": 0,
    }
    return msgspec.Raw(msgspec.json.encode(record))


def _require_known(document: Document, changes: Sequence[RecordChange]) -> None:
    coco = document.coco
    known = {
        "annotation": {each.id for each in coco.annotations},
        "image_id": {each.id for each in coco.images},
        "category_id": {each.id for each in coco.categories},
    }
    for change in changes:
        for name, ids in known.items():
            number = getattr(change, name)
            if number is not None and number not in ids:
                kind = name.removesuffix("_id")
                raise DataError(
                    f"{coco.path}: a decision names {kind} {number}, which the file does not have; expected one of its "
                    f"ids of {kind}s. Review the file again."
                )
