"""The complete answer to a request for panoptic scores: the counts of each image, and the scores of their sum.

Scoring of files and scoring in memory both call it, so that they cannot disagree.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.panoptic.classes import PanopticClasses
from maskwright.evaluation.panoptic.findings import PanopticFindings
from maskwright.evaluation.panoptic.intervals import panoptic_intervals
from maskwright.evaluation.panoptic.matching import count_matches
from maskwright.evaluation.panoptic.quality import PROTOCOL, MatchCounts, panoptic_scores, summed_counts
from maskwright.evaluation.panoptic.segments import predicted_segments, true_segments
from maskwright.structures import PanopticMap


@dataclass(frozen=True)
class PanopticScores:
    """The panoptic scores of a set of images; ``remarks`` name what a user should know beside them."""

    scores: dict[str, Any]
    remarks: list[str]

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``--json`` prints."""
        return {**self.scores, "remarks": self.remarks}


@dataclass
class PanopticMatches:
    """The counts of one image by the index of the class, and what was found on it."""

    counts: dict[int, MatchCounts] = field(default_factory=dict)
    findings: PanopticFindings = field(default_factory=PanopticFindings)


def match_image(
    truth: PanopticMap, prediction: PanopticMap, classes: PanopticClasses, sources: tuple[str, str]
) -> PanopticMatches:
    """Return the matches of one image, or findings with which it cannot be scored.

    ``sources`` name truth and prediction in messages.
    """
    result = PanopticMatches()
    if truth.ids.shape != prediction.ids.shape:
        (height, width), (found_height, found_width) = truth.ids.shape, prediction.ids.shape
        result.findings.add(
            "wrong_size",
            f"{sources[1]}: is {found_width}×{found_height} pixels, its truth {sources[0]} {width}×{height} "
            "(width×height)",
        )
        return result
    true = true_segments(truth, classes, sources[0], result.findings)
    predicted = predicted_segments(prediction, classes, sources[1], result.findings)
    if not result.findings.refused:
        result.counts = count_matches(truth.ids.shape, true, predicted)
    return result


def summarise_panoptic(
    matched: Iterable[PanopticMatches],
    classes: PanopticClasses,
    findings: PanopticFindings,
    predictions: object,
    resampling: Resampling | None = None,
) -> PanopticScores:
    """Compute the scores of the sum of ``matched``; ``findings`` are those of the set as a whole.

    ``predictions`` is the name of all predictions in messages. ``resampling`` adds ``intervals``, see
    :func:`~maskwright.evaluation.panoptic.intervals.panoptic_intervals`.

    Raises ``DataError``, which names all findings with which there is no score.
    """
    images = []
    for image in matched:
        images.append(image.counts)
        findings.merge(image.findings)
    findings.require_none_refused(predictions)
    scores = panoptic_scores(summed_counts(images), classes.names, classes.things)
    scores |= {"images": len(images), "protocol": PROTOCOL}
    if resampling is not None:
        scores["intervals"] = panoptic_intervals(images, classes.names, classes.things, resampling)
    return PanopticScores(scores, _remarks(classes, findings, predictions))


def _remarks(classes: PanopticClasses, findings: PanopticFindings, predictions: object) -> list[str]:
    remarks = findings.remarks()
    if classes.foreign:
        named = ", ".join(classes.foreign[:5])
        remarks.append(f"{predictions}: the classes {named} are not in the truth; their pixels count as void.")
    unsaid = [name for name, thing in zip(classes.names, classes.things, strict=True) if thing is None]
    if unsaid:
        remarks.append(
            f"{len(unsaid)} classes have no isthing and are neither things nor stuff ({', '.join(unsaid[:5])})."
        )
    return remarks
