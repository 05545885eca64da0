"""The certification of an export: the same images through the model and the file, measured and drawn."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.export.agreement import Agreement, Kept, instance_agreement, semantic_agreement
from maskwright.export.certificate import WORST, Certificate
from maskwright.images.draw import overlay_instances, overlay_label_map
from maskwright.images.lettering import Image
from maskwright.prediction.predictor import Predictor
from maskwright.reports.pictures.panels import PAPER, panel
from maskwright.runs.exports.score_differences import score_differences
from maskwright.structures import Instances, LabelMap

Result = Instances | LabelMap

_DIFFERENT = (230, 0, 60)
_CELL = 240


@dataclass
class Certification:
    """The images of which ``model`` and ``export`` were compared.

    With ``keep`` the results of both stay, by image name, to be scored.
    """

    model: Predictor[Any]
    export: Predictor[Any]
    certificate: Certificate
    kept: Kept = field(default_factory=Kept)
    keep: bool = False
    results: dict[str, tuple[Result, Result]] = field(default_factory=dict)
    _drawn: list[tuple[Agreement, Image, Result, Result]] = field(default_factory=list)

    def compare(self, images: Iterable[tuple[str, Image]]) -> None:
        """Predict each of ``images``, a name and ``(H, W, 3)`` uint8 RGB, with both, and record their differences."""
        for name, image in images:
            if self.model.task == "semantic":
                logits, one = _semantic(self.model, image)
                others, other = _semantic(self.export, image)
                found: tuple[Result, Result] = (one, other)
                agreement = semantic_agreement(name, logits, others, one, other)
            else:
                objects, others_ = _instances(self.model, image), _instances(self.export, image)
                found = (objects, others_)
                agreement = instance_agreement(name, objects, others_, self.kept)
            self.certificate.add(agreement)
            if self.keep:
                self.results[name] = found
            drawn = [*self._drawn, (agreement, image, found[0], found[1])]
            self._drawn = sorted(drawn, key=lambda each: -each[0].worst)[:WORST]

    def score(self, truth: CocoDataset) -> None:
        """Score the results of both on ``truth``, whose images were compared; the certificate has the differences."""
        self.certificate.scores = score_differences(truth, self.results, self.model.classes)

    def picture(self) -> Image:
        """Return the worst images one below the other: by the model, by the export, and where the two differ."""
        rows = [self._row(*each) for each in self._drawn]
        width = max(row.shape[1] for row in rows)
        wide = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=PAPER[0]) for row in rows]
        return np.vstack(wide)

    def _row(self, agreement: Agreement, image: Image, one: Result, other: Result) -> Image:
        drawn = [self._overlay(image, each) for each in (one, other)]
        share = f"differ by {agreement.worst:.2g}"
        return panel([*drawn, _differences(image, one, other)], [agreement.name, "export", share], _CELL)

    def _overlay(self, image: Image, found: Result) -> Image:
        if isinstance(found, Instances):
            return overlay_instances(image, found, self.model.classes)
        return overlay_label_map(image, found, self.model.classes)


def _semantic(model: Predictor[Any], image: Image) -> tuple[npt.NDArray[np.float32], LabelMap]:
    """Return the logits ``(K+1, h, w)`` of the network for ``image``, and the label map."""
    seen: list[npt.NDArray[np.float32]] = []
    pairs = [(None, image)]
    ((_, _, label_map),) = model.label_maps(pairs, watch=lambda _, output: seen.append(output["logits"][0].numpy()))
    return seen[0], label_map


def _instances(model: Predictor[Any], image: Image) -> Instances:
    ((_, _, found),) = model.instances([(None, image)])
    return found


def _differences(image: Image, one: Result, other: Result) -> Image:
    """Return ``image`` in pale grey, with the pixels coloured on which the results differ."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    drawn = np.repeat((grey // 2 + 127)[..., None], 3, axis=2).astype(np.uint8)
    drawn[_differing(one, other)] = _DIFFERENT
    return drawn


def _differing(one: Result, other: Result) -> npt.NDArray[np.bool_]:
    if not isinstance(one, Instances) or not isinstance(other, Instances):
        return np.asarray(one) != np.asarray(other)
    found = np.zeros(one.size, np.bool_)
    for label in np.union1d(one.labels, other.labels):
        covers = [each[each.labels == label].dense().sum(axis=0) for each in (one, other)]
        found |= covers[0] != covers[1]
    return found
