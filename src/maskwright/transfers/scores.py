"""The scores of a transfer: each model on the source and on a target in the shared classes, and their differences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from maskwright.annotations.cityscapes_labels import INSTANCE_LABELS
from maskwright.annotations.taxonomy.shared_classes import SharedClasses
from maskwright.annotations.taxonomy.sides import Side, side_of
from maskwright.evaluation.bootstrap import bootstrap_weights
from maskwright.evaluation.cityscapes.images import measure_rles
from maskwright.evaluation.cityscapes.matching import CLASS_OF_LABEL
from maskwright.evaluation.instances.scores import ScoreEstimates, cityscapes_estimates, coco_estimates
from maskwright.progress import Reporter
from maskwright.recipes.transfer import Bootstrap
from maskwright.structures import ResultRecord
from maskwright.transfers.datasets import TransferDataset
from maskwright.transfers.models import TransferModel
from maskwright.transfers.predictions import PredictionCache

_POSITIONS = {label.name: CLASS_OF_LABEL[label.id] for label in INSTANCE_LABELS}


@dataclass(frozen=True)
class Rules:
    """The settings of the scores: the least ``score`` of a detection for boundary IoU, and the bootstrap intervals."""

    score: float
    bootstrap: Bootstrap


@dataclass
class TransferEvaluation:
    """The scores of all models on ``source`` and ``target`` in the ``shared`` classes.

    All models are scored on the same bootstrap samples of a data set, so that their differences are paired. Source and
    target are sampled independently; ``place`` gives each target of a transfer samples of its own. ``official`` holds
    the scores of Cityscapes' own truth by model, where the target has it.
    """

    shared: SharedClasses
    source: TransferDataset
    target: TransferDataset
    rules: Rules
    place: int = 1
    on_source: dict[str, ScoreEstimates] = field(default_factory=dict)
    on_target: dict[str, ScoreEstimates] = field(default_factory=dict)
    official: dict[str, ScoreEstimates] = field(default_factory=dict)
    _found: dict[tuple[str, str], list[ResultRecord]] = field(default_factory=dict)

    def add(self, model: TransferModel, predictions: PredictionCache, reporter: Reporter) -> None:
        """Score ``model`` on the target, and on the source too unless it is a bound or fine-tuned."""
        reporter.say(f"{model.name}: measuring on {self.target.name}")
        if model.role == "model":
            self.on_source[model.name] = self._measures(
                self.source, self.found(model, self.source, predictions), "source"
            )
        found = self.found(model, self.target, predictions)
        self.on_target[model.name] = self._measures(self.target, found, "target")
        if self.target.official:
            self.official[model.name] = self._official(model, predictions.of(model, self.target))

    def found(self, model: TransferModel, images: TransferDataset, predictions: PredictionCache) -> list[ResultRecord]:
        """Return the COCO results of ``model`` on ``images`` in the shared classes."""
        key = model.name, images.name
        if key not in self._found:
            self._found[key] = self.shared.remap_records(
                predictions.of(model, images), model.card.table, _preferred(model)
            ).kept
        return self._found[key]

    def truth(self, images: TransferDataset, side: Side) -> dict[str, Any]:
        """Return the COCO data set of ``images``, which are those of ``side``, in the shared classes."""
        translated = self.shared.remap_records(images.annotations, images.table, side)
        return images.coco_dataset(translated.kept, self.shared.table, translated.ignored)

    def to_json(self, models: Sequence[TransferModel]) -> dict[str, Any]:
        """Return the comparison of ``models`` for ``transfer.json``.

        It has the scores on source and target, the shift (target less source), the differences between models and the
        gaps to the bounds, each with its bootstrap interval.
        """
        level = self.rules.bootstrap.level
        sets = {"source": (self.source, "source"), "target": (self.target, "target")}
        rows = {}
        for model in models:
            name = model.name
            if name not in self.on_target:
                continue
            shift = self.on_target[name].minus(self.on_source[name]) if name in self.on_source else None
            rows[name] = {
                "role": model.role,
                "source": self.on_source[name].to_json(level) if name in self.on_source else None,
                "target": self.on_target[name].to_json(level),
                "cityscapes": self.official[name].to_json(level) if name in self.official else None,
                "shift": shift.to_json(level) if shift else None,
            }
        return {
            **self.shared.to_json(),
            "images": {key: len(images.images) for key, (images, _) in sets.items()},
            "models": rows,
            "differences": [self._difference(one, other) for one, other in combinations(self.on_source, 2)],
            "gaps": self._gaps(models),
        }

    def _difference(self, one: str, other: str) -> dict[str, Any]:
        level = self.rules.bootstrap.level
        source = self.on_source[other].minus(self.on_source[one])
        target = self.on_target[other].minus(self.on_target[one])
        difference = {"of": other, "less": one, "source": source.to_json(level), "target": target.to_json(level)}
        difference["shift"] = target.minus(source).to_json(level)
        if self.official:
            difference["cityscapes"] = self.official[other].minus(self.official[one]).to_json(level)
        return difference

    def _gaps(self, models: Sequence[TransferModel]) -> list[dict[str, Any]]:
        """Return the gap on the target of each model to each bound, and to itself after fine-tuning."""
        gaps = []
        for bound in models:
            if bound.role == "model" or bound.name not in self.on_target:
                continue
            for name in self.on_source:
                if bound.role == "bound" or bound.provenance["further"] == name:
                    gap = self.on_target[bound.name].minus(self.on_target[name])
                    gaps.append({"of": bound.name, "less": name, "target": gap.to_json(self.rules.bootstrap.level)})
        return gaps

    def _measures(self, images: TransferDataset, found: Sequence[ResultRecord], side: Side) -> ScoreEstimates:
        weights = self._draws(images)
        return coco_estimates(self.truth(images, side), found, weights, self.rules.score)

    def _draws(self, images: TransferDataset) -> Any:
        place = 0 if images is self.source else self.place
        return bootstrap_weights(len(images.images), self.rules.bootstrap.samples, [self.rules.bootstrap.seed, place])

    def _official(self, model: TransferModel, found: Sequence[ResultRecord]) -> ScoreEstimates:
        """Return the scores by Cityscapes' own truth with all riders; the taxonomy only maps the model's classes."""
        grouped: dict[int, list[Any]] = {number: [] for number in self.target.official}
        for name, each in self._named(model, found):
            if each["image_id"] in grouped and name in _POSITIONS:
                grouped[each["image_id"]].append((each["segmentation"], _POSITIONS[name], each["score"]))
        matches = [measure_rles(self.target.official[n], rows).match()[0] for n, rows in grouped.items()]
        weights = self._draws(self.target)
        places = [i for i, image in enumerate(self.target.images) if image["id"] in grouped]
        return cityscapes_estimates(matches, weights[:, places], self.shared.names)

    def _named(self, model: TransferModel, found: Sequence[ResultRecord]) -> Iterator[tuple[str, ResultRecord]]:
        """Yield each result of ``model`` with the name of its target class, including classes that are not compared."""
        taxonomy, table = self.shared.taxonomy, model.card.table
        if side_of(taxonomy, table, _preferred(model)) == "target":
            names = table.names
        else:
            names, found = taxonomy.target_table().names, taxonomy.records(found, table).kept
        for each in found:
            yield names[each["category_id"] - 1], each


def _preferred(model: TransferModel) -> Side:
    """Return the side that a model's classes belong to where both sides have them."""
    return "source" if model.role == "model" else "target"
