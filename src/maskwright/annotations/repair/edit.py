"""One record under repair: its fields as they were written, what is changed of them, and why."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from maskwright.annotations.coco.loose_records import field_value, identity, integer, json_excerpt, record_fields

# No value of a field; a field may well be null.
_NOTHING: Any = object()


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing put right: the fault's code, the kind and id of its record as in a ``Fault``, and what was done."""

    code: str
    kind: str
    record: Any
    done: str

    def __str__(self) -> str:
        return self.done if self.kind == "file" else f"{self.kind} {self.record}: {self.done}"

    def to_json(self) -> dict[str, Any]:
        """``{"code", "kind", "id", "done"}``."""
        return {"code": self.code, "kind": self.kind, "id": self.record, "done": self.done}


@dataclass
class Edit:
    """A record of ``kind`` with its repairs, ``removed`` when it goes; ``identity`` is the id it came with."""

    kind: str
    raw: msgspec.Raw
    fields: dict[str, Any] = field(default_factory=dict)
    identity: Any = None
    repairs: list[Repair] = field(default_factory=list)
    removed: bool = False

    @classmethod
    def of(cls, kind: str, raw: msgspec.Raw) -> "Edit":
        """An edit without changes yet; ``fields`` is empty when the record is no JSON object."""
        fields = dict(record_fields(raw))
        return cls(kind, raw, fields, identity(fields))

    @property
    def record(self) -> msgspec.Raw | dict[str, Any]:
        """The record to write: to the letter as it came when nothing was put right."""
        return self.fields if self.repairs else self.raw

    def value(self, name: str) -> Any:
        """A field's decoded value; None when it is absent."""
        value = self.fields.get(name)
        return field_value(self.fields, name) if isinstance(value, msgspec.Raw) else value

    def as_written(self, name: str) -> str:
        """A field as the file writes it, cut where it is long."""
        value = self.fields[name]
        return json_excerpt(value if isinstance(value, msgspec.Raw) else msgspec.json.encode(value))

    def set(self, name: str, value: Any, code: str) -> None:
        """Give a field a value, because of the fault ``code``."""
        before = f" instead of {self.as_written(name)}" if name in self.fields else ""
        now = json_excerpt(value if isinstance(value, msgspec.Raw) else msgspec.json.encode(value))
        self.note_repair(code, f"wrote {name} {now}{before}")
        self.fields[name] = value

    def remove(self, code: str, why: str) -> None:
        """Take the record out of the file."""
        self.removed = True
        self.note_repair(code, f"removed, because {why}")

    def note_repair(self, code: str, what: str) -> None:
        """Note a repair."""
        self.repairs.append(Repair(code, self.kind, self.identity, what))

    def repair_integers(self, *names: str) -> None:
        """Write integers where they stand as strings or with a decimal point."""
        for name in names:
            value = self.value(name)
            number = integer(value)
            if number is not None:
                code = "string_id" if isinstance(value, str) and name.endswith("id") else "odd_number"
                self.set(name, number, code)
