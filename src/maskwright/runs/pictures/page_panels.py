"""The panels of a scored part of the data: samples, and the worst images with their errors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.annotations.objects import ImageObjects
from maskwright.annotations.selection.showcase import showcase_images
from maskwright.images.decode import read_image
from maskwright.images.encode import write_jpeg
from maskwright.reports.pictures.panels import CAPTIONS, panel, with_legend
from maskwright.reports.run.worst_images import WORST, WORST_KIND
from maskwright.runs.experiment import Experiment
from maskwright.runs.pictures.drawn_before import DRAWN_OF, drawn_of
from maskwright.runs.pictures.saved_predictions import Picture, SavedPredictions
from maskwright.runs.prepare import DataSplit

ERRORS = "errors"


def write_page_panels(
    experiment: Experiment, part: DataSplit, scores: Mapping[str, Any], drawn: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Write the panels of ``part``, which has the ``scores``, into the run folder; return their records for the page.

    Samples show original, truth and prediction. The worst images of the scores show the errors too. A recipe that asks
    for no panels has neither. A record has the ``file`` relative to the run folder and a ``caption``; that of a worst
    image its ``kind``, ``part`` and ``image``, the name of its file, too. ``drawn`` has the digests of the panels that
    a report drew before, by their files; those of the same data are left as they are.
    """
    wanted, images = experiment.recipe.report.panels, part.selection.images
    if not wanted:
        return []
    samples = [images[i] for i in showcase_images([o.labels for o in images], wanted)]
    by_name = {objects.image.file_name: objects for objects in images}
    # The data may have changed since they were scored.
    worst = [by_name[row["file_name"]] for row in _worst(scores) if row["file_name"] in by_name]
    predictions = SavedPredictions(experiment, part, {objects.image.id for objects in (*samples, *worst)})
    panels = _Panels(experiment, part, predictions, drawn or {})
    records: list[dict[str, Any]] = [panels.record(objects, "panels", _sample) for objects in samples]
    for objects in worst:
        record = panels.record(objects, "worst", _with_errors)
        records.append({**record, "kind": WORST_KIND, "part": part.name, "image": objects.image.file_name})
    return records


def _worst(scores: Mapping[str, Any]) -> list[dict[str, Any]]:
    return (scores.get("worst_images") or [])[:WORST]


def _sample(part: DataSplit, predictions: SavedPredictions, objects: ImageObjects) -> Picture:
    image = read_image(part.path_of(objects))
    return panel([image, *predictions.drawn(objects, image)], CAPTIONS)


def _with_errors(part: DataSplit, predictions: SavedPredictions, objects: ImageObjects) -> Picture:
    image = read_image(part.path_of(objects))
    cells = [image, *predictions.drawn(objects, image), predictions.errors(objects, image)]
    return panel(cells, [*CAPTIONS, ERRORS], columns=2)


@dataclass(frozen=True)
class _Panels:
    """The panels of a part in the run folder, and the digests of those ``drawn`` before by their files."""

    experiment: Experiment
    part: DataSplit
    predictions: SavedPredictions
    drawn: Mapping[str, str]

    def record(
        self,
        objects: ImageObjects,
        folder: str,
        draw: Callable[[DataSplit, SavedPredictions, ImageObjects], Picture],
    ) -> dict[str, Any]:
        """Return the record of the panel in ``figures/folder``, which is drawn unless its file is of the same data."""
        stem = Path(self.predictions.files[objects.image.file_name]).stem
        file = f"figures/{folder}/{self.part.name}-{stem}.jpg"
        path = self.experiment.run.path / file
        sources = self.predictions.sources(objects)
        digest = drawn_of(sources, path) if file in self.drawn else None
        if digest is None or digest != self.drawn[file]:
            write_jpeg(path, self._with_legend(objects, draw(self.part, self.predictions, objects)))
            digest = drawn_of(sources, path)
        return {"file": file, "caption": f"{self.part.name}: {objects.image.file_name}", DRAWN_OF: digest}

    def _with_legend(self, objects: ImageObjects, picture: Picture) -> Picture:
        """Return the ``picture``, that of pixels with a legend."""
        if self.experiment.recipe.task == "instance":
            return picture
        # Counted: numpy.unique imports masked arrays at its first call, which takes longer than a panel.
        counts = [np.bincount(label_map.ravel()) for label_map in self.predictions.label_maps(objects)]
        labels = {int(label) for found in counts for label in np.flatnonzero(found)}
        return with_legend(picture, self.predictions.table, labels)
