"""A model that takes part in a transfer: its file, what its card says, and where it comes from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from maskwright.files import sha256_of
from maskwright.model_file import ModelCard, read_model_file, read_provenance

Role = Literal["model", "bound", "tuned"]


@dataclass(frozen=True)
class TransferModel:
    """A model file that takes part; ``target`` is the only one it is measured on, None for all.

    ``made`` says where it comes from.
    """

    name: str
    role: Role
    file: Path
    card: ModelCard
    sha256: str
    provenance: dict[str, Any]
    target: str | None = None

    def to_json(self) -> dict[str, Any]:
        """For ``transfer.json``."""
        return {
            "role": self.role,
            "model": self.card.name,
            "classes": [each["name"] for each in self.card.classes],
            "sha256": self.sha256,
            "made": self.provenance,
            "target": self.target,
        }


def open_transfer_model(
    key: str, role: Role, file: Path, made: dict[str, Any], target: str | None = None
) -> TransferModel:
    """The model in ``file`` as a contender."""
    card, _ = read_model_file(file)
    return TransferModel(key, role, file, card, sha256_of(file), {**read_provenance(file), **made}, target)
