"""The record of a taxonomy that was applied to scores: its name, the sides, and the rule for riders."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from maskwright.annotations.taxonomy.class_remapping import Taxonomy
from maskwright.annotations.taxonomy.sides import Side


@dataclass(frozen=True)
class AppliedTaxonomy:
    """A taxonomy as it was applied to ground truth and model.

    ``truth`` and ``model`` are the side that their classes are of; None means not remapped. ``scored`` are the classes
    of the scores (None: all shared ones). A shared class that is not scored is one that the model lacks.
    """

    taxonomy: Taxonomy
    truth: Side | None = None
    model: Side | None = None
    scored: tuple[str, ...] | None = None

    def __str__(self) -> str:
        rider = f", rider: {self.taxonomy.rider}" if self.taxonomy.rider is not None else ""
        return f"taxonomy {self.taxonomy.name}{rider}"

    @property
    def lines(self) -> list[str]:
        """The lines that a report prints."""
        sides = [f"the {what} is in the {side}'s classes" for what, side in self._sides() if side is not None]
        lines = [*self.taxonomy.describe(), "; ".join(sides)]
        left = [] if self.scored is None else [name for name in self.taxonomy.shared if name not in self.scored]
        if left:
            lines.append(f"not scored, as the model has no class for them: {', '.join(left)}")
        return [line for line in lines if line]

    def to_json(self) -> dict[str, Any]:
        """Return ``{"name", "rider", "truth", "model", "classes", "lines"}``."""
        return {
            "name": self.taxonomy.name,
            "rider": self.taxonomy.rider,
            **dict(self._sides()),
            "classes": list(self.taxonomy.shared if self.scored is None else self.scored),
            "lines": self.lines,
        }

    def _sides(self) -> list[tuple[str, Side | None]]:
        return [("truth", self.truth), ("model", self.model)]


def record_taxonomies(scores: Mapping[str, Any], uses: Iterable[AppliedTaxonomy]) -> dict[str, Any]:
    """Return ``scores`` with the applied taxonomies added to ``taxonomies`` and to ``protocol``."""
    uses = list(uses)
    if not uses:
        return dict(scores)
    protocol = "; ".join([scores["protocol"], *(f"classes by {use}" for use in uses)])
    return {**scores, "taxonomies": [use.to_json() for use in uses], "protocol": protocol}
