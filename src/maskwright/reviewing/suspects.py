"""A suspected label error: what is wrong by the evidence of predictions, and the correction that they suggest."""

from dataclasses import dataclass, field
from typing import Any

MISSING, SPURIOUS, WRONG_CLASS, POOR_OUTLINE = "missing", "spurious", "wrong_class", "poor_outline"
DUPLICATE, MERGED, SPLIT = "duplicate", "merged", "split"

KINDS = {
    MISSING: "the model sees an object that has no label",
    SPURIOUS: "the model sees no object where a label is",
    WRONG_CLASS: "the model sees an object of another class",
    POOR_OUTLINE: "the outline differs more from the model's than is usual for the class",
    DUPLICATE: "two labels are on one object",
    MERGED: "one label is on several objects",
    SPLIT: "several labels are on one object",
}


@dataclass(frozen=True)
class Suspect:
    """A suspected label error of one ``kind`` on the image at position ``image`` of the truth.

    ``evidence`` is 0 to 1. ``objects`` are positions in the truth's annotations, ``found`` positions in the results.
    ``label`` is the category id of the label, ``suggested`` that of the predictions; None where there is none.
    ``figures`` are the numbers that the evidence is made of, by name.
    """

    kind: str
    image: int
    evidence: float
    objects: tuple[int, ...] = ()
    found: tuple[int, ...] = ()
    label: int | None = None
    suggested: int | None = None
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def claims(self) -> set[tuple[str, int]]:
        """The objects and detections that the suspicion rests on; another one of the same is weaker, and dropped."""
        return {("object", each) for each in self.objects} | {("found", each) for each in self.found}


def ranked(suspects: list[Suspect]) -> list[Suspect]:
    """Return ``suspects`` by falling evidence, without those that share an object or a detection with a stronger one.

    Equal evidence is ordered by image, kind and objects, so that the order depends on nothing else.
    """
    ordered = sorted(suspects, key=lambda each: (-each.evidence, each.image, each.kind, each.objects, each.found))
    kept, taken = [], set[tuple[int, str, int]]()
    for each in ordered:
        claims: set[tuple[int, str, int]] = {(each.image, *claim) for claim in each.claims}
        if not claims & taken:
            kept.append(each)
            taken |= claims
    return kept


def counts_by_kind(suspects: list[Suspect]) -> dict[str, int]:
    """Return the number of ``suspects`` of each kind, those of none included."""
    return {kind: sum(each.kind == kind for each in suspects) for kind in KINDS}


def rounded(figures: dict[str, float]) -> dict[str, Any]:
    """Return ``figures`` with four decimals, as files and pages show them."""
    return {name: round(float(value), 4) for name, value in figures.items()}
