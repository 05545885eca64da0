"""Records of a COCO file one by one, so that one that does not fit costs neither the file nor what can be mended."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from maskwright.annotations.faults import Fault

Record = TypeVar("Record", bound=Any)
Fields = Mapping[str, msgspec.Raw]

# Fields that must be integers, and are as good as that when written as "7" or 7.0.
INTEGERS = ("id", "image_id", "category_id", "height", "width")

_LONGEST_SHOWN = 60

# What a mended field becomes when it is as good as absent.
_ABSENT: Any = object()

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any = msgspec.json.Decoder()
_box = msgspec.json.Decoder(list[float] | None)
_area = msgspec.json.Decoder(float | None)


def parse_records(
    raw: Sequence[msgspec.Raw], record_type: type[Record], kind: str, faults: list[Fault]
) -> list[Record]:
    """The records that are a ``record_type``, or can be made one without guessing; both are entered into ``faults``."""
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
    """The fields of a record, undecoded; empty when it is no JSON object."""
    try:
        return _fields.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def field_value(fields: Fields, name: str) -> Any:
    """The decoded value of a field; None when it is absent or cannot be decoded."""
    try:
        return _any.decode(fields[name])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return None


def identity(fields: Fields) -> Any:
    """The id of a record as the file gives it; a text of it where it is neither a number nor a short string."""
    value = field_value(fields, "id")
    plain = value is None or isinstance(value, int | float) or (isinstance(value, str) and len(value) <= _LONGEST_SHOWN)
    return value if plain else json_excerpt(fields["id"])


def integer(value: Any) -> int | None:
    """The integer that ``value`` is when written as a string (``"7"``) or a float (``7.0``); None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    if type(value) is float and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return None


def json_excerpt(content: msgspec.Raw | bytes) -> str:
    """JSON text for a message, cut where it is long."""
    text = bytes(content).decode(errors="replace")
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _repaired_record(
    content: msgspec.Raw, decoder: "msgspec.json.Decoder[Record]", kind: str, faults: list[Fault]
) -> Record | None:
    """The record with its numbers as numbers, and without a box, area or crowd flag that is none."""
    fields = record_fields(content)
    found: list[tuple[str, str]] = []
    changes = _integers(fields, found)
    if kind == "annotation":
        changes |= _boxes(fields, found) | _crowd(fields, found)
    if not changes:
        return None
    mended = {name: value for name, value in {**fields, **changes}.items() if value is not _ABSENT}
    try:
        record = decoder.decode(msgspec.json.encode(mended))
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
