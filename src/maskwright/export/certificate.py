"""The certificate of an exported model: how far it is from the model it was made of, on the same images."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from maskwright.errors import WeightsError
from maskwright.export.agreement import Agreement

WORST = 5


@dataclass
class Certificate:
    """The agreement of two models, image by image.

    ``images`` says which images were compared. ``scores`` has by name those of both models on annotated images, their
    ``difference`` and its interval; ``tolerance`` is the largest share that passes. ``by_scores`` lets the scores alone
    decide, for a file of lower precision, whose outputs differ from the model's on purpose.
    """

    images: str
    tolerance: float
    by_scores: bool = False
    scores: dict[str, Any] = field(default_factory=dict)
    agreements: list[Agreement] = field(default_factory=list)

    def add(self, agreement: Agreement) -> None:
        """Add the agreement on one image."""
        self.agreements.append(agreement)

    @property
    def worst(self) -> list[Agreement]:
        """The five images on which the models are farthest apart, the farthest first."""
        return sorted(self.agreements, key=lambda each: -each.worst)[:WORST]

    @property
    def differences(self) -> dict[str, dict[str, Any]]:
        """The largest share of each measure, and the image that has it."""
        names = self.agreements[0].shares if self.agreements else ()
        found = {name: max(self.agreements, key=lambda each, name=name: each.share(name)) for name in names}
        return {name: {"share": each.share(name), "image": each.name} for name, each in found.items()}

    @property
    def accepted(self) -> bool:
        """Whether no difference is above the tolerance."""
        return not self._above()

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as JSON values."""
        ious = [each.mask_iou for each in self.agreements if each.mask_iou is not None]
        return {
            "accepted": self.accepted,
            "tolerance": self.tolerance,
            "decided_by": "scores" if self.by_scores else "outputs and scores",
            "images": {"source": self.images, "count": len(self.agreements)},
            "compared": sum(each.compared for each in self.agreements),
            "differences": self.differences,
            "lowest_mask_iou": min(ious, default=None),
            "worst_images": [{"image": each.name, **each.shares} for each in self.worst],
            "scores": self.scores,
        }

    def require_accepted(self, what: str) -> None:
        """Raise ``WeightsError`` when a difference is above the tolerance; ``what`` is the file that was made."""
        above = self._above()
        if not above:
            return
        worst = f"; the worst image is {self.worst[0].name}" if self.worst else ""
        raise WeightsError(
            f"{what}: does not answer as its model does ({', '.join(above)}); expected differences of at most "
            f"{self.tolerance:g}{worst}. It is not written. Raise --tolerance to write it, and see the images that "
            "differ most beside it."
        )

    def lines(self) -> list[str]:
        """Return the lines for a terminal: the largest differences, and the scores of both."""
        shown = ", ".join(f"{name} {each['share']:.2g} ({each['image']})" for name, each in self.differences.items())
        lines = [f"largest differences on {len(self.agreements)} images ({self.images}): {shown}"]
        for name, pair in _pairs(self.scores):
            ends = f"{_number(pair['low'])} to {_number(pair['high'])}"
            both = f"{_number(pair['model'])} by the model, {_number(pair['export'])} by the export"
            lines.append(f"{name}: {both}; difference {_number(pair['difference'])}, 95 % interval {ends}")
        return lines

    def _above(self) -> list[str]:
        above = (
            []
            if self.by_scores
            else [
                f"{name} {each['share']:.3g} on {each['image']}"
                for name, each in self.differences.items()
                if each["share"] > self.tolerance
            ]
        )
        for name, pair in _pairs(self.scores):
            difference = pair["difference"]
            if difference is not None and abs(difference) > self.tolerance:
                above.append(f"{name} {pair['model']:.4f} became {pair['export']:.4f}")
        return above


def _pairs(scores: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    return ((name, pair) for name, pair in scores.items() if isinstance(pair, Mapping) and "difference" in pair)


def _number(score: float | None) -> str:
    return "undefined" if score is None else f"{score:.4f}"
