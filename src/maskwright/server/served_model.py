"""The model that is served, and what is said of it."""

from dataclasses import dataclass
from typing import Any

from maskwright.files import sha256_of
from maskwright.limits import input_limit
from maskwright.runs.loaded_model import LoadedModel
from maskwright.server.service_limits import ServiceLimits
from maskwright.version import __version__


@dataclass(frozen=True)
class ServedModel:
    """A loaded ``model`` with the ``name`` by which the page calls it and the SHA-256 of its file."""

    model: LoadedModel[Any]
    name: str
    sha256: str

    @classmethod
    def of(cls, model: LoadedModel[Any]) -> "ServedModel":
        """Return the model with its catalogue name and the hash of its file."""
        return cls(model, model.card.name, sha256_of(model.file))

    def to_json(self, limits: ServiceLimits, batch: int) -> dict[str, Any]:
        """Return what ``/model`` answers; no path of the machine is in it."""
        card = self.model.card
        return {
            "name": self.name,
            "task": self.model.task,
            "file": self.model.file.name,
            "sha256": self.sha256,
            "epoch": card.epoch,
            "scores": card.scores,
            "input": card.input,
            "classes": self.model.classes.to_json(),
            "device": str(self.model.device),
            "limits": {
                "body": limits.body,
                "pixels": input_limit("predicted-pixels"),
                "queue": limits.queue,
                "seconds": limits.seconds,
                "batch": batch,
            },
            "maskwright": __version__,
        }
