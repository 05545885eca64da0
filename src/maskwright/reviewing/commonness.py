"""How common evidence of one kind is among labels of one class: what many labels show is the model's fault, not theirs.

Most labels are right. A weak model that takes every third disc for a ring, or finds none of the small ones, gives
strong evidence against many labels at once; only what stands out from it tells of errors. Confident learning
(arXiv:1911.00068) estimates the same confusion of classes, from counts.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from maskwright.reviewing.suspects import POOR_OUTLINE, SPURIOUS, WRONG_CLASS, Suspect

# The commonness at which evidence of a kind counts half.
_HALF = {SPURIOUS: 0.1, POOR_OUTLINE: 0.1, WRONG_CLASS: 1 / 3}
# Labels of all classes that the share in a class leans on, as trust does.
_PRIOR = 8.0


def weigh_by_commonness(suspects: Sequence[Suspect], labels: Counter[int], found: Mapping[int, float]) -> list[Suspect]:
    """Return ``suspects`` with less evidence, the more labels of the class have as much of the same kind.

    Evidence of commonness q is multiplied by h / (h + q), where h is 0.1, or 1/3 for a wrong class. For labels that no
    object is found on (spurious) and for poor outlines, q is the share of the class's labels with more such evidence.
    For a wrong class it is the other evidence that labels of this class are of the other class, over the trust in what
    finds labels of that other class by its own. Other kinds stay as they are.

    Args:
        suspects: All suspects of a file, of any evidence.
        labels: How many labels each class has.
        found: The sum of trust in the detections that find the labels of each class, by category id.
    """
    common = _ranks_in_class(suspects, labels) | _confusions(suspects, found)
    return [_weighed(each, common[position]) if position in common else each for position, each in enumerate(suspects)]


def _weighed(suspect: Suspect, common: float) -> Suspect:
    half = _HALF[suspect.kind]
    evidence = suspect.evidence * (half / (half + common))
    return replace(suspect, evidence=evidence, figures={**suspect.figures, "commonness": common})


def _ranks_in_class(suspects: Sequence[Suspect], labels: Counter[int]) -> dict[int, float]:
    """Return by position the share of labels of the class with more evidence of the kind; few lean on all classes."""
    ordered = sorted(range(len(suspects)), key=lambda i: -suspects[i].evidence)
    before, of_class, total = Counter[str](), Counter[tuple[str, int | None]](), max(labels.total(), 1)
    common: dict[int, float] = {}
    for position in ordered:
        each = suspects[position]
        if each.kind in (SPURIOUS, POOR_OUTLINE):
            key = each.kind, each.label
            general = before[each.kind] / total
            mine = labels[each.label] if each.label is not None else 0
            common[position] = (of_class[key] + _PRIOR * general) / (mine + _PRIOR)
            before[each.kind] += 1
            of_class[key] += 1
    return common


def _confusions(suspects: Sequence[Suspect], found: Mapping[int, float]) -> dict[int, float]:
    """Return by position how often labels of the class are taken for the suggested one, the suspect itself left out."""
    wrong = [position for position, each in enumerate(suspects) if each.kind == WRONG_CLASS]
    taken: defaultdict[tuple[int | None, int | None], float] = defaultdict(float)
    for position in wrong:
        taken[suspects[position].label, suspects[position].suggested] += suspects[position].evidence
    common: dict[int, float] = {}
    for position in wrong:
        each = suspects[position]
        others = taken[each.label, each.suggested] - each.evidence
        right = found.get(each.suggested, 0.0) if each.suggested is not None else 0.0
        common[position] = max(others, 0.0) / (right + 1)
    return common
