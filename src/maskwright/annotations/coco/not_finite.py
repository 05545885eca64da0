"""Faults for records whose numbers were NaN or infinite, located by their offsets in the text."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np

from maskwright.annotations.coco.loose_records import identity, record_fields
from maskwright.annotations.faults import Fault

_KINDS = {"images": "image", "annotations": "annotation", "categories": "category"}

_top = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any_list = msgspec.json.Decoder(list[msgspec.Raw])


def not_finite_faults(content: bytes, offsets: Sequence[int]) -> list[Fault]:
    """Return a fault for each record of the JSON ``content`` in which null replaces NaN or Infinity.

    ``offsets`` are the byte offsets of these nulls, ascending. Those outside of images, annotations and categories make
    one fault of the file.
    """
    faults = []
    elsewhere = len(offsets)
    for kind, records in _lists(content):
        for position, number in _held(content, records, offsets):
            message = f"(record {position}) holds {_counted(number)}, read as null"
            faults.append(Fault("json_not_finite", kind, identity(record_fields(records[position])), message))
            elsewhere -= number
    if elsewhere:
        faults.append(Fault("json_not_finite", "file", None, f"holds {_counted(elsewhere)} outside of its records"))
    return faults


def _lists(content: bytes) -> Iterable[tuple[str, list[msgspec.Raw]]]:
    try:
        top = _top.decode(content)
    except (msgspec.DecodeError, RecursionError):  # not a COCO file, which its reader reports
        return
    for key, kind in _KINDS.items():
        if key in top and memoryview(top[key])[:1] == b"[":
            yield kind, _any_list.decode(top[key])


def _held(content: bytes, records: list[msgspec.Raw], offsets: Sequence[int]) -> list[tuple[int, int]]:
    """Return the position of each record that holds some of ``offsets``, and how many it holds."""
    base = memory_address(content)
    starts = [memory_address(record) - base for record in records]
    held: Counter[int] = Counter()
    for offset in offsets:
        position = bisect_right(starts, offset) - 1
        if position >= 0 and offset < starts[position] + len(memoryview(records[position])):
            held[position] += 1
    return sorted(held.items())


def memory_address(content: Any) -> int:
    """Return the memory address of bytes; a decoded ``Raw`` is a view of the text it was decoded from."""
    return np.frombuffer(content, np.uint8).__array_interface__["data"][0]


def _counted(number: int) -> str:
    return "a NaN or Infinity" if number == 1 else f"{number} NaN or Infinity"
