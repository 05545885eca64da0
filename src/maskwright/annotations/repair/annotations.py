"""Repairs of annotations: ids, crowd flags and segmentations one by one, boxes and areas in batches."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import msgspec

from maskwright.annotations.coco.file import CocoAnnotation
from maskwright.annotations.coco.loose_records import integer, parse_records
from maskwright.annotations.faults import Fault
from maskwright.annotations.repair.boxes import repair_boxes
from maskwright.annotations.repair.edit import Edit, Repair
from maskwright.annotations.repair.segmentations import draws_nothing, repair_segmentation

_AT_ONCE = 4096


class _Identified(msgspec.Struct, gc=False):
    id: int


_identified = msgspec.json.Decoder(_Identified)


@dataclass
class AnnotationRepairs:
    """The repairs of the annotations of one file, in file order.

    ``sizes`` are ``(height, width)`` by image id. ``faulty`` are the ids of annotations to repair; records without an
    integer id are repaired too, and all others stay as they are. New ids start at ``next_id``. ``repeated`` are the ids
    that several records have. Without ``remove_empty``, annotations that draw nothing stay. ``repairs`` lists what was
    done, and ``removed`` counts the removed annotations.
    """

    sizes: Mapping[int, tuple[int, int]]
    faulty: AbstractSet[Any]
    next_id: int
    repeated: AbstractSet[int] = frozenset()
    remove_empty: bool = True
    repairs: list[Repair] = field(default_factory=list)
    removed: int = 0
    _first: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def repair_records(self, raw: Sequence[msgspec.Raw]) -> Iterator[msgspec.Raw | dict[str, Any]]:
        """Yield the records to write for those in ``raw``; changes are added to ``repairs`` and ``removed``."""
        for start in range(0, len(raw), _AT_ONCE):
            chunk = raw[start : start + _AT_ONCE]
            edits = {
                position: Edit.of("annotation", each) for position, each in enumerate(chunk) if self._touched(each)
            }
            for edit in edits.values():
                self._repair(edit)
            self._repair_boxes([edit for edit in edits.values() if not edit.removed])
            for position, record in enumerate(chunk):
                edit = edits.get(position)
                if edit is None:
                    yield record
                    continue
                self.repairs += edit.repairs
                self.removed += edit.removed
                if not edit.removed:
                    yield edit.record

    def _touched(self, raw: msgspec.Raw) -> bool:
        try:
            return _identified.decode(raw).id in self.faulty
        except (msgspec.DecodeError, UnicodeDecodeError):
            return True

    def _repair(self, edit: Edit) -> None:
        if not edit.fields:
            return
        edit.repair_integers("id", "image_id", "category_id")
        self._repair_id(edit)
        if edit.removed:
            return
        if self.remove_empty and draws_nothing(edit):
            box = f"; its bbox was {edit.as_written('bbox')}" if "bbox" in edit.fields else ""
            # A list of empty polygons counts as bad_polygon, because there are polygons.
            edit.remove("bad_polygon" if edit.value("segmentation") else "empty_segmentation", f"it draws nothing{box}")
            return
        _repair_crowd(edit)
        repair_segmentation(edit)

    def _repair_id(self, edit: Edit) -> None:
        """Give the record a new id when it has none, repeats one, or has one under 1; no other record refers to it."""
        identity = edit.value("id")
        if not isinstance(identity, int) or isinstance(identity, bool):
            self._number(edit, "missing_id" if identity is None else "bad_annotation")
            return
        if identity in self.repeated:
            record = {name: edit.value(name) for name in edit.fields}
            earlier = self._first.setdefault(identity, [])
            if record in earlier:
                edit.remove("duplicate_id", "it repeats an earlier record in every field")
                return
            earlier.append(record)
            if len(earlier) > 1:
                self._number(edit, "duplicate_id")
                return
        if identity < 1:
            self._number(edit, "negative_id" if identity else "id_zero")

    def _number(self, edit: Edit, code: str) -> None:
        edit.set("id", self.next_id, code)
        self.next_id += 1

    def _repair_boxes(self, edits: Sequence[Edit]) -> None:
        """Repair the boxes and areas of the annotations that are readable by now and whose image is known."""
        readable: list[tuple[Edit, CocoAnnotation, set[str]]] = []
        for edit in edits:
            faults: list[Fault] = []
            content = msgspec.Raw(msgspec.json.encode(edit.fields))
            for annotation in parse_records([content], CocoAnnotation, "annotation", faults):
                if annotation.image_id in self.sizes:
                    readable.append((edit, annotation, {fault.code for fault in faults}))
        if readable:
            repair_boxes(readable, self.sizes)


def _repair_crowd(edit: Edit) -> None:
    value = edit.value("iscrowd")
    if value is None:
        edit.set("iscrowd", 0, "missing_iscrowd")
    elif integer(value) in (0, 1):
        edit.set("iscrowd", integer(value), "bad_iscrowd")
