"""Decoding of COCO records one by one: a record that does not fit is repaired or skipped, and the others are kept."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from maskwright.annotations.faults import Fault

Record = TypeVar("Record", bound=Any)
Fields = Mapping[str, msgspec.Raw]

# Fields that must be integers; "7" and 7.0 are read as integers too.
INTEGERS = ("id", "image_id", "category_id", "height", "width")

_LONGEST_SHOWN = 60

# The value of a repaired field that counts as absent.
_ABSENT: Any = object()

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any = msgspec.json.Decoder()
_box = msgspec.json.Decoder(list[float] | None)
_area = msgspec.json.Decoder(float | None)


def parse_records(
    raw: Sequence[msgspec.Raw], record_type: type[Record], kind: str, faults: list[Fault]
) -> list[Record]:
    """Return the records of ``raw`` that are a ``record_type``, or become one by a repair without guessing.

    ``kind`` (``image``, ``annotation`` or ``category``) is the kind of their faults. Every repaired and every skipped
    record is appended to ``faults``.
    """
    decoder = msgspec.json.Decoder(record_type)
    found = []
    for position, content in enumerate(raw):
        try:
            found.append(decoder.decode(content))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            record = _repaired_record(content, decoder, kind, faults)
            if record is None:
                faults.append(_refused(content, kind, position, error))
            else:
                found.append(record)
    return found


def record_fields(content: msgspec.Raw) -> dict[str, msgspec.Raw]:
    """Return the fields of a record, undecoded; empty when it is not a JSON object."""
    try:
        return _fields.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def field_value(fields: Fields, name: str) -> Any:
    """Return the decoded value of a field; None when it is absent or cannot be decoded."""
    try:
        return _any.decode(fields[name])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return None


def identity(fields: Fields) -> Any:
    """Return the id of a record as the file has it, or None when it has none.

    An id that is neither a number nor a short string is returned as an excerpt of its JSON text.
    """
    value = field_value(fields, "id")
    plain = value is None or isinstance(value, int | float) or (isinstance(value, str) and len(value) <= _LONGEST_SHOWN)
    return value if plain else json_excerpt(fields["id"])


def integer(value: Any) -> int | None:
    """Return the integer that a string (``"7"``) or a float (``7.0``) stands for, or None for anything else.

    An ``int`` gives None too, because it needs no change.
    """
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    if type(value) is float and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return None


def json_excerpt(content: msgspec.Raw | bytes) -> str:
    """Return JSON text for a message, cut to 60 characters."""
    text = bytes(content).decode(errors="replace")
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _repaired_record(
    content: msgspec.Raw, decoder: "msgspec.json.Decoder[Record]", kind: str, faults: list[Fault]
) -> Record | None:
    """Return the record with its numbers repaired, or None when it does not fit even so.

    Numbers written as strings or floats become integers. A box, an area or a null crowd flag that is no value is
    removed.
    """
    fields = record_fields(content)
    found: list[tuple[str, str]] = []
    changes = _integers(fields, found)
    if kind == "annotation":
        changes |= _boxes(fields, found) | _crowd(fields, found)
    if not changes:
        return None
    repaired = {name: value for name, value in {**fields, **changes}.items() if value is not _ABSENT}
    try:
        record = decoder.decode(msgspec.json.encode(repaired))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    faults += [Fault(code, kind, record.id, message) for code, message in found]
    return record


def _integers(fields: Fields, found: list[tuple[str, str]]) -> dict[str, Any]:
    changes = {}
    for name in INTEGERS:
        value = field_value(fields, name) if name in fields else None
        number = integer(value)
        if number is not None:
            changes[name] = number
            code = "string_id" if isinstance(value, str) and name.endswith("id") else "odd_number"
            found.append((code, f"has {name} {json_excerpt(fields[name])}; expected an integer"))
    return changes


def _boxes(fields: Fields, found: list[tuple[str, str]]) -> dict[str, Any]:
    changes = {}
    for name, code, decoder in (("bbox", "bad_box", _box), ("area", "bad_area", _area)):
        if name in fields and not _fits(fields[name], decoder):
            changes[name] = _ABSENT
            found.append((code, f"has {name} {json_excerpt(fields[name])}"))
    return changes


def _crowd(fields: Fields, found: list[tuple[str, str]]) -> dict[str, Any]:
    value = field_value(fields, "iscrowd")
    if "iscrowd" in fields and value is None:
        return {"iscrowd": _ABSENT}
    number = integer(value)
    if number not in (0, 1):
        return {}
    found.append(("bad_iscrowd", f"has iscrowd {json_excerpt(fields['iscrowd'])}"))
    return {"iscrowd": number}


def _fits(content: msgspec.Raw, decoder: "msgspec.json.Decoder[Any]") -> bool:
    try:
        decoder.decode(content)
    except msgspec.DecodeError:
        return False
    return True


def _refused(content: msgspec.Raw, kind: str, position: int, error: Exception) -> Fault:
    fields = record_fields(content)
    if kind == "annotation" and fields and field_value(fields, "id") is None:
        return Fault("missing_id", kind, None, f"(record {position}) has no id")
    return Fault(f"bad_{kind}", kind, identity(fields), f"(record {position}) does not fit COCO: {error}")
