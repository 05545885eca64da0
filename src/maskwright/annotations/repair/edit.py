"""A record under repair: its fields as they were written, the changes, and the reasons."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from maskwright.annotations.coco.loose_records import field_value, identity, integer, json_excerpt, record_fields


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair: the fault code, the kind and id of the record as in a ``Fault``, and what was done."""

    code: str
    kind: str
    record: Any
    done: str

    def __str__(self) -> str:
        return self.done if self.kind == "file" else f"{self.kind} {self.record}: {self.done}"

    def to_json(self) -> dict[str, Any]:
        """Return ``{"code", "kind", "id", "done"}``."""
        return {"code": self.code, "kind": self.kind, "id": self.record, "done": self.done}


@dataclass
class Edit:
    """A record of ``kind`` with its repairs.

    ``identity`` is the id that it came with. ``removed`` is set when the record is not to be written.
    """

    kind: str
    raw: msgspec.Raw
    fields: dict[str, Any] = field(default_factory=dict)
    identity: Any = None
    repairs: list[Repair] = field(default_factory=list)
    removed: bool = False

    @classmethod
    def of(cls, kind: str, raw: msgspec.Raw) -> "Edit":
        """Return an edit without changes; ``fields`` is empty when the record is not a JSON object."""
        fields = dict(record_fields(raw))
        return cls(kind, raw, fields, identity(fields))

    @property
    def record(self) -> msgspec.Raw | dict[str, Any]:
        """The record to write, verbatim when nothing was repaired."""
        return self.fields if self.repairs else self.raw

    def value(self, name: str) -> Any:
        """Return the decoded value of a field, or None when it is absent."""
        value = self.fields.get(name)
        return field_value(self.fields, name) if isinstance(value, msgspec.Raw) else value

    def as_written(self, name: str) -> str:
        """Return a field as the file writes it, cut to 60 characters."""
        value = self.fields[name]
        return json_excerpt(value if isinstance(value, msgspec.Raw) else msgspec.json.encode(value))

    def set(self, name: str, value: Any, code: str) -> None:
        """Set the field ``name`` to ``value``, because of the fault ``code``."""
        before = f" instead of {self.as_written(name)}" if name in self.fields else ""
        now = json_excerpt(value if isinstance(value, msgspec.Raw) else msgspec.json.encode(value))
        self.note_repair(code, f"wrote {name} {now}{before}")
        self.fields[name] = value

    def remove(self, code: str, why: str) -> None:
        """Remove the record from the file, because of the fault ``code``."""
        self.removed = True
        self.note_repair(code, f"removed, because {why}")

    def note_repair(self, code: str, what: str) -> None:
        """Add a repair of the fault ``code`` to the list; ``what`` says what was done."""
        self.repairs.append(Repair(code, self.kind, self.identity, what))

    def repair_integers(self, *names: str) -> None:
        """Write the fields ``names`` as integers where they are strings or floats that stand for one."""
        for name in names:
            value = self.value(name)
            number = integer(value)
            if number is not None:
                code = "string_id" if isinstance(value, str) and name.endswith("id") else "odd_number"
                self.set(name, number, code)
