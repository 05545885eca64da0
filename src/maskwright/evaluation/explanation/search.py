"""The search for the change, or the pair of changes, of the protocol that gives another tool's numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from maskwright.errors import DataError, UsageError
from maskwright.evaluation.coco.scores import scorable_iou_types
from maskwright.evaluation.coco.truth import CocoTruth
from maskwright.evaluation.explanation.changes import CHANGES, can_matter
from maskwright.evaluation.explanation.other_numbers import OtherNumbers, read_other_numbers
from maskwright.evaluation.explanation.scoring import Protocol
from maskwright.evaluation.results.records import Results
from maskwright.limits import beyond_limit, input_limit
from maskwright.progress import Reporter
from maskwright.structures import AreaRule

# Pairs are tried in the order of how near their effects come when multiplied; the right one is mostly among the first.
MOST_PAIRS = 1000
# So many further pairs are tried after the first that agrees: others may give the same numbers.
_FURTHER = 8
_NEAREST = 5
_NO_EFFECT = 1e-12

Scores = Mapping[tuple[str, str], float | None]


@dataclass(frozen=True)
class Trial:
    """The scores by the protocol with some ``changes``, and how far they are from another tool's.

    ``distance`` is the largest difference in units of the tolerance: at most 1 where all numbers agree.
    """

    changes: tuple[str, ...]
    scores: Scores
    distance: float

    @property
    def agrees(self) -> bool:
        """Return whether all numbers agree to the digits that are given."""
        return self.distance <= 1


@dataclass(frozen=True)
class Explanation:
    """What explains another tool's ``numbers``: the ``official`` scores, the best trial, and others that agree.

    ``nearest`` are the single changes that come nearest, best first. ``left_out`` pairs were not tried.
    """

    numbers: OtherNumbers
    official: Trial
    best: Trial
    alternatives: tuple[Trial, ...]
    nearest: tuple[Trial, ...]
    left_out: int = 0

    @property
    def sentence(self) -> str:
        """A sentence that names the cause, or says that none of the known ones explains the numbers."""
        if self.official.agrees:
            return "The numbers agree: nothing is to be explained."
        if self.best.agrees:
            meanings = " and ".join(CHANGES[name].meaning for name in self.best.changes)
            others = ["; ".join(CHANGES[name].meaning for name in each.changes) for each in self.alternatives]
            also = f" The same numbers come about where {', or where '.join(others)}." if others else ""
            return f"Explained: in the other tool {meanings}.{also}"
        meanings = " and ".join(CHANGES[name].meaning for name in self.best.changes)
        nearest = f" Nearest: {meanings}." if meanings else ""
        untried = f" {self.left_out:,} pairs were not tried; raise --limit explained-scores." if self.left_out else ""
        changes = f"any of {len(CHANGES)} known changes of the protocol, alone or in pairs"
        return f"Not explained by {changes}.{untried}{nearest}"

    def to_json(self) -> dict[str, Any]:
        """Return what ``score instance --explain --json`` has under ``explanation``."""
        return {
            "explained": self.best.agrees,
            "causes": list(self.best.changes) if self.best.agrees else [],
            "sentence": self.sentence,
            "alternatives": [list(each.changes) for each in self.alternatives],
            "other": _by_kind(self.numbers.values),
            "ours": _by_kind(self.official.scores),
            "changed": _by_kind(self.best.scores),
            "nearest": [
                {"changes": list(each.changes), "largest_difference": _largest(each.scores, self.numbers.values)}
                for each in self.nearest
            ],
        }


class ChangedScores:
    """The scores by an official ``protocol`` with changes, each computed once."""

    def __init__(self, protocol: Protocol) -> None:
        """Start without scores."""
        self.protocol = protocol
        self._known: dict[tuple[tuple[str, ...], str], Mapping[str, float | None]] = {}

    def of(self, changes: tuple[str, ...], kind: str) -> Mapping[str, float | None]:
        """Return the 12 statistics with ``changes``, which are applied one after the other."""
        if (changes, kind) not in self._known:
            changed = self.protocol
            for name in changes:
                changed = CHANGES[name].apply(changed)
            self._known[changes, kind] = changed.scores(kind)
        return self._known[changes, kind]


def find_explanation(scores: ChangedScores, numbers: OtherNumbers, reporter: Reporter) -> Explanation:
    """Return what explains ``numbers`` for the records of ``scores``, which COCO's rules score otherwise.

    Each known change is tried alone, then pairs of those that have an effect.

    Raises ``DataError`` when the changes alone take more scores of classes than the limit ``explained-scores``.
    """
    official = _trial(scores, (), numbers)
    if official.agrees:
        return Explanation(numbers, official, official, (), ())
    names = [name for name, change in CHANGES.items() if can_matter(change, scores.protocol)]
    affordable = _affordable(scores.protocol, len(names), numbers)
    singles = [_trial(scores, (name,), numbers) for name in reporter.track(names, "trying changes alone", len(names))]
    effective = [each for each in singles if _differs(each.scores, official.scores)]
    ranked = sorted(effective, key=lambda each: each.distance)
    right = [each for each in ranked if each.agrees]
    left_out = 0
    if not right:
        pairs = _pairs(effective, official, numbers)
        left_out = max(0, len(pairs) - affordable)
        pairs = pairs[:affordable]
        tried: list[Trial] = []
        first = len(pairs)
        for place, pair in enumerate(reporter.track(pairs, "trying pairs of changes", len(pairs))):
            tried.append(_trial(scores, pair, numbers))
            first = min(first, place) if tried[-1].agrees else first
            if place >= first + _FURTHER:
                break
        right = [each for each in tried if each.agrees]
        ranked = sorted([*ranked, *tried], key=lambda each: each.distance)
    best = right[0] if right else ranked[0] if ranked else official
    return Explanation(numbers, official, best, tuple(right[1:]), tuple(ranked[:_NEAREST]), left_out)


def _affordable(protocol: Protocol, changes: int, numbers: OtherNumbers) -> int:
    """Return how many pairs of changes can be tried after so many single ``changes``."""
    cost, most = protocol.cost() * len(numbers.kinds), input_limit("explained-scores")
    if cost * changes > most:
        raise DataError(
            f"{cost * changes:,} scores of classes are needed to try {changes} changes of the protocol alone; "
            f"{beyond_limit('explained-scores')}; or choose some with --classes."
        )
    return min(MOST_PAIRS, (most - cost * changes) // max(cost, 1))


def explain_scores(
    truth: CocoTruth, found: Results, other: str | Path, area: AreaRule | None, reporter: Reporter
) -> dict[str, Any]:
    """Return what explains the ``other`` tool's numbers for the results ``found``, a file or a text, as JSON.

    The segmentations of ``truth`` become RLEs in place. ``area`` is as in ``score instance``. Raises ``UsageError`` for
    mask scores where truth or results have no mask, and see
    :func:`~maskwright.evaluation.explanation.other_numbers.read_other_numbers`.
    """
    scorable = scorable_iou_types(truth, found)
    numbers = read_other_numbers(other, scorable[-1])
    if set(numbers.kinds) - set(scorable):
        raise UsageError(f"--explain {other}: has mask scores, but truth or results have no mask; expected box scores.")
    truth.draw_masks()
    return find_explanation(ChangedScores(Protocol.official(truth, found, area)), numbers, reporter).to_json()


def _trial(scores: ChangedScores, changes: tuple[str, ...], numbers: OtherNumbers) -> Trial:
    found = {(kind, name): value for kind in numbers.kinds for name, value in scores.of(changes, kind).items()}
    return Trial(changes, found, _distance(found, numbers))


def _distance(scores: Scores, numbers: OtherNumbers) -> float:
    distances = []
    for key, value in numbers.values.items():
        found = scores.get(key)
        # A number that the official protocol leaves undefined cannot tell.
        distances.append(abs((0.0 if found is None else found) - value) / numbers.tolerance[key])
    return max(distances)


def _differs(one: Scores, other: Scores) -> bool:
    return any((one[key] is None) != (other[key] is None) or _gap(one[key], other[key]) > _NO_EFFECT for key in one)


def _gap(one: float | None, other: float | None) -> float:
    return 0.0 if one is None or other is None else abs(one - other)


def _pairs(singles: Sequence[Trial], official: Trial, numbers: OtherNumbers) -> list[tuple[str, ...]]:
    """Return all pairs of changes of different topics, those first whose effects multiply to nearly the numbers."""
    order = {name: place for place, name in enumerate(CHANGES)}
    found = []
    for one, other in combinations(singles, 2):
        first, second = one.changes[0], other.changes[0]
        if CHANGES[first].topic == CHANGES[second].topic:
            continue
        sums = {key: _plus(one.scores[key], other.scores[key], official.scores[key]) for key in official.scores}
        pair = tuple(sorted((first, second), key=order.__getitem__))
        found.append((_distance(sums, numbers), [order[name] for name in pair], pair))
    return [pair for *_, pair in sorted(found)]


def _plus(one: float | None, other: float | None, official: float | None) -> float:
    """Return the official value with both effects: each lowers or raises a share of it."""
    if not one or not other or not official:
        return 0.0
    return one * other / official


def _by_kind(values: Scores | Mapping[tuple[str, str], float]) -> dict[str, dict[str, float | None]]:
    found: dict[str, dict[str, float | None]] = {}
    for (kind, name), value in values.items():
        found.setdefault(kind, {})[name] = value
    return found


def _largest(scores: Scores, others: Mapping[tuple[str, str], float]) -> float:
    return max(abs((scores.get(key) or 0.0) - value) for key, value in others.items())
