"""The outcome of a sweep: the status and the scores of each variant, and the best one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from maskwright.evaluation.panoptic.quality import MEASURES
from maskwright.recipes.variants import Variant
from maskwright.reports.run.contents import Metrics, RunContents, read_run
from maskwright.reports.score_names import SWEEP_SCORES
from maskwright.reports.tables import is_measured
from maskwright.run_folder import RunFolder

Status = Literal["finished", "failed", "interrupted", "waiting"]

CLASS_SCORE = {"semantic": "IoU", "instance": "mask AP", "panoptic": "PQ"}


@dataclass(frozen=True)
class VariantScores:
    """The overall scores of a variant on one part of the data, and one score for each class; None where undefined."""

    overall: dict[str, float | None]
    classes: dict[str, float | None]


@dataclass(frozen=True)
class Outcome:
    """A variant with its status, and where it is finished its scores by part, its best epoch and its training time.

    ``seconds`` are spent on training batches, over all sessions of an interrupted training. ``curve`` has the
    validation score by epoch. ``error`` says why the variant failed.
    """

    variant: Variant
    status: Status
    error: str | None = None
    parts: dict[str, VariantScores] = field(default_factory=dict)
    epoch: int | None = None
    seconds: float | None = None
    curve: dict[int, float | None] = field(default_factory=dict)
    protocol: str | None = None


@dataclass(frozen=True)
class Sweep:
    """The outcomes of all variants of a recipe.

    ``recipe`` is the recipe as it was given, ``overrides`` are the settings that all variants share, and ``path`` is
    the folder of the sweep.
    """

    path: Path
    recipe: str
    name: str
    task: str
    seed: int
    overrides: Sequence[str]
    outcomes: Sequence[Outcome]

    @property
    def score(self) -> str:
        """The key of the score that decides which variant is best."""
        return next(iter(SWEEP_SCORES[self.task]))

    @property
    def parts(self) -> list[str]:
        """The parts of the data with scores, the deciding one first.

        That is validation where it was scored. A variant chosen by its test score would have no unbiased test score any
        more.
        """
        found = dict.fromkeys(part for outcome in self.outcomes for part in outcome.parts)
        return sorted(found, key=lambda part: part != "validation")

    @property
    def best(self) -> Outcome | None:
        """The variant with the highest deciding score, the first of equal ones; None without a score."""
        scored = [(value, outcome) for outcome in self.outcomes if (value := self.deciding(outcome)) is not None]
        return max(scored, key=lambda pair: pair[0], default=(None, None))[1]

    @property
    def failed(self) -> list[Outcome]:
        """The variants that failed."""
        return [outcome for outcome in self.outcomes if outcome.status == "failed"]

    def deciding(self, outcome: Outcome) -> float | None:
        """Return the deciding score of ``outcome``, or None where it has none."""
        scores = outcome.parts.get(self.parts[0]) if self.parts else None
        value = scores.overall.get(self.score) if scores else None
        return value if is_measured(value) else None

    def classes(self, part: str) -> list[str]:
        """Return the names of the classes that any variant was scored on in ``part``, in their order."""
        found = [outcome.parts[part].classes for outcome in self.outcomes if part in outcome.parts]
        return list(dict.fromkeys(name for classes in found for name in classes))

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``sweep.json``, which ``--json`` prints too."""
        best = self.best
        values = {key: [o.variant.settings[key] for o in self.outcomes] for key in self.outcomes[0].variant.settings}
        return {
            "recipe": self.recipe,
            "task": self.task,
            "seed": None if "seed" in values else self.seed,
            "set": list(self.overrides),
            "sweep": {key: list(dict.fromkeys(given)) for key, given in values.items()},
            "decided_by": {"part": self.parts[0], "score": self.score} if self.parts else None,
            "best": best.variant.name if best else None,
            "protocol": next((o.protocol for o in self.outcomes if o.protocol), None),
            "variants": [_to_json(outcome) for outcome in self.outcomes],
        }


def read_outcome(variant: Variant, path: Path, task: str, error: str | None = None) -> Outcome:
    """Return the outcome of ``variant`` from its run folder ``path``.

    ``error`` says why it failed, if it did. Without a recipe in the folder the variant is waiting; without the stages
    train, evaluate and report it is interrupted. Raises ``DataError`` when a file of the run is damaged.
    """
    if error is not None:
        return Outcome(variant, "failed", error)
    files = RunFolder(path)
    if not files.recipe_file.is_file():
        return Outcome(variant, "waiting")
    if not {"train", "evaluate", "report"} <= files.stages.keys():
        return Outcome(variant, "interrupted")
    run = read_run(path)
    scores = {part: values for part, values in (run.scores or {}).items() if values}
    return Outcome(
        variant,
        "finished",
        parts={part: _part_scores(task, values) for part, values in scores.items()},
        epoch=(run.card.get("best") or {}).get("epoch"),
        seconds=_seconds(run.metrics),
        curve=_curve(run, f"validation/{next(iter(SWEEP_SCORES[task]))}"),
        protocol=next((values.get("protocol") for values in scores.values()), None),
    )


def _part_scores(task: str, scores: Mapping[str, Any]) -> VariantScores:
    if task == "semantic":
        overall = {key: scores.get(key) for key in SWEEP_SCORES[task]}
    elif task == "panoptic":
        overall = {key: scores.get(key) for key in MEASURES}
        overall |= {f"PQ_{part}": (scores.get(part) or {}).get("PQ") for part in ("things", "stuff")}
    else:
        overall = {key: (scores.get(key.split("_")[0]) or {}).get(key.split("_")[1]) for key in SWEEP_SCORES[task]}
    key = {"semantic": "IoU", "instance": "segm", "panoptic": "PQ"}[task]
    return VariantScores(overall, {name: (row or {}).get(key) for name, row in (scores.get("classes") or {}).items()})


def _seconds(metrics: Metrics | None) -> float | None:
    """Return the training time over all epochs. The card has that of the last session only."""
    found = [value for value in (metrics.columns.get("seconds", []) if metrics else []) if value is not None]
    return sum(found) if found else None


def _curve(run: RunContents, column: str) -> dict[int, float | None]:
    if run.metrics is None or column not in run.metrics.columns:
        return {}
    return dict(zip(run.metrics.epochs, run.metrics.columns[column], strict=True))


def _to_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.variant.name,
        "settings": outcome.variant.settings,
        "overrides": list(outcome.variant.overrides),
        "status": outcome.status,
        "error": outcome.error,
        "best_epoch": outcome.epoch,
        "train_seconds": None if outcome.seconds is None else round(outcome.seconds, 2),
        "scores": {part: {**scores.overall, "classes": scores.classes} for part, scores in outcome.parts.items()},
    }
