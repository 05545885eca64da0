"""The headline of a run: its main score, and a sentence that says on what it was measured and against what baseline."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from maskwright.reports.run.contents import RunContents
from maskwright.reports.tables import is_measured, score_cell
from maskwright.run_folder import Card

INSTANCE_FACTS = (("mask AP50", "segm", "AP50"), ("box AP", "bbox", "AP"), ("box AP50", "bbox", "AP50"))


class Headline(NamedTuple):
    """The main score of a run as ``label`` and ``value``, a sentence on it, and further scores.

    ``facts`` are the further labels and values. ``protocol`` says how the score is averaged.
    """

    label: str
    value: str
    sentence: str
    facts: list[tuple[str, str]]
    protocol: str


def headline(run: RunContents) -> Headline | None:
    """Return the headline of the validation split, or of the first split with scores; None without scores."""
    if not run.scores:
        return None
    split = "validation" if "validation" in run.scores else next(iter(run.scores))
    scores = run.scores[split] or {}
    where = _where(run.card, split)
    build = {"semantic": _semantic, "instance": _instance, "panoptic": _panoptic}[run.card["task"]]
    return build(scores, where)


def _semantic(scores: Mapping[str, Any], where: str) -> Headline:
    value, baseline = scores.get("mIoU"), (scores.get("baseline") or {}).get("mIoU")
    if not is_measured(value):
        sentence = f"The mean IoU on {where} is undefined: no scored class occurs there."
    elif not is_measured(baseline):
        sentence = f"The mean IoU on {where} is {score_cell(value)}{_between(scores, 'mIoU')}."
    elif value > baseline:
        sentence = (
            f"The mean IoU on {where} is {score_cell(value)}{_between(scores, 'mIoU')}; "
            f"an all-background prediction scores {score_cell(baseline)}."
        )
    else:
        sentence = (
            f"The mean IoU on {where} is {score_cell(value)}{_between(scores, 'mIoU')}, no better than an "
            f"all-background prediction, which scores {score_cell(baseline)}."
        )
    facts = [
        ("all-background baseline", score_cell(baseline)),
        ("mean Dice", score_cell(scores.get("mean_dice"))),
        ("pixel accuracy", score_cell(scores.get("pixel_accuracy"))),
    ]
    if "boundary_mIoU" in scores:
        facts.append(("mean boundary IoU", score_cell(scores["boundary_mIoU"])))
    facts += _panoptic_fact(scores)
    if "calibration" in scores:
        facts.append(("calibration error", score_cell((scores["calibration"] or {}).get("ECE"))))
    return Headline("mean IoU", score_cell(value), sentence, facts, _protocol(scores))


def _instance(scores: Mapping[str, Any], where: str) -> Headline:
    value = (scores.get("segm") or {}).get("AP")
    if is_measured(value):
        sentence = (
            f"The mask AP on {where} is {score_cell(value)}{_between(scores, 'segm', 'AP')}; "
            "a model that finds nothing scores 0, a perfect one 1."
        )
    else:
        sentence = f"The mask AP on {where} is undefined: no scored object occurs there."
    facts = [(label, score_cell((scores.get(kind) or {}).get(key))) for label, kind, key in INSTANCE_FACTS]
    facts += _panoptic_fact(scores)
    return Headline("mask AP", score_cell(value), sentence, facts, _protocol(scores))


def _panoptic_fact(scores: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the panoptic quality and its interval; nothing where it was not computed."""
    if not scores.get("panoptic"):
        return []
    return [("panoptic quality", score_cell(scores["panoptic"].get("PQ")) + _between(scores, "panoptic", "PQ"))]


def _panoptic(scores: Mapping[str, Any], where: str) -> Headline:
    value = scores.get("PQ")
    if is_measured(value):
        sentence = (
            f"The panoptic quality on {where} is {score_cell(value)}{_between(scores, 'PQ')}; "
            "a model that finds nothing scores 0, a perfect one 1."
        )
    else:
        sentence = f"The panoptic quality on {where} is undefined: no segment occurs there."
    facts = [(name, score_cell(scores.get(name))) for name in ("SQ", "RQ")]
    facts += [(f"PQ of {part}", score_cell((scores.get(part) or {}).get("PQ"))) for part in ("things", "stuff")]
    return Headline("PQ", score_cell(value), sentence, facts, _protocol(scores))


def _between(scores: Mapping[str, Any], *keys: str) -> str:
    """Return the interval of a score in parentheses; empty where it was not computed."""
    intervals = scores.get("intervals") or {}
    found: Any = intervals
    for key in keys:
        found = (found or {}).get(key)
    low, high = (found or {}).get("low"), (found or {}).get("high")
    if not is_measured(low) or not is_measured(high):
        return ""
    return f" ({100 * intervals['level']:g} % interval {score_cell(low)} to {score_cell(high)})"


def _where(card: Card, split: str) -> str:
    images = ((card.get("data") or {}).get(split) or {}).get("images")
    if not is_measured(images):
        return f"the {split} images"
    return f"{images:,} {split} image{'' if images == 1 else 's'}"


def _protocol(scores: Mapping[str, Any]) -> str:
    return scores.get("protocol") or "The run did not record how the score is averaged."
