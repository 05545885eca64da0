"""A model that takes part in a transfer: its file, its card and its provenance."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from maskwright.files import sha256_of
from maskwright.model_file import ModelCard, read_model_file, read_provenance

Role = Literal["model", "bound", "tuned"]


@dataclass(frozen=True)
class TransferModel:
    """A model file that takes part in a transfer.

    ``role`` is ``model`` for one that is compared, ``bound`` for one that was trained on a target, ``tuned`` for one
    that was fine-tuned on it. ``target`` is the only target on which it is scored, None for all. ``provenance`` says
    where the file comes from, and ``sha256`` is its hash.
    """

    name: str
    role: Role
    file: Path
    card: ModelCard
    sha256: str
    provenance: dict[str, Any]
    target: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return its entry in ``transfer.json``."""
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
    """Return the model in ``file`` as a participant called ``key``; ``made`` adds to the provenance in the file.

    Raises ``WeightsError`` when the file is not a model file.
    """
    card, _ = read_model_file(file)
    return TransferModel(key, role, file, card, sha256_of(file), {**read_provenance(file), **made}, target)
