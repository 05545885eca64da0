"""The report stage: panels of original, truth and prediction, and the page that shows the run."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.annotations.objects import ImageObjects
from maskwright.errors import MaskwrightError, UsageError
from maskwright.evaluation.results.convert import from_results
from maskwright.files import read_json, read_json_list, write_json
from maskwright.images.decode import read_image
from maskwright.images.draw import overlay_instances, overlay_label_map
from maskwright.masks.png import read_label_map
from maskwright.progress import Reporter
from maskwright.reports.pictures.panels import panel
from maskwright.reports.run.page import write_page
from maskwright.runs.context import Experiment
from maskwright.runs.cross_evaluation import Elsewhere, scored_elsewhere
from maskwright.runs.folder import open_run
from maskwright.runs.prepare import Part
from maskwright.workflows.masks import mask_files
from maskwright.workflows.predict import write_picture

CAPTIONS = ["original", "truth", "prediction"]


def report(path: Path, reporter: Reporter | None = None) -> Path:
    """Write the page of the run at ``path`` anew; returns the page's path."""
    experiment = Experiment(open_run(path, reporter or Reporter()))
    report_stage(experiment)
    return path / "report.html"


def report_stage(experiment: Experiment) -> None:
    """Draw the panels of each scored part and write ``report.html``."""
    run = experiment.run
    records = []
    if (run.path / "scores.json").is_file():
        for name, scores in read_json(run.path / "scores.json").items():
            scored = _shown(experiment, name, scores)
            if scored is not None:
                records += _write_panels(scored, scored.prepared.parts[name])
    write_json(run.path / "figures" / "panels.json", records)
    write_page(run.path)


def _shown(experiment: Experiment, name: str, scores: dict[str, Any]) -> Experiment | None:
    """The experiment whose data the scores ``name`` are of; None when it was other data and is no longer there."""
    if "elsewhere" not in scores:
        return experiment if name in experiment.recipe.evaluate.on else None
    try:
        every = scored_elsewhere(experiment, Elsewhere(**scores["elsewhere"]))
        return next((scored.experiment for scored in every if scored.name == name), None)
    except MaskwrightError as error:
        experiment.run.reporter.warn([f"No panels of {name}: {error}"])
        return None


def chosen_for_panels(images: Sequence[ImageObjects], count: int) -> list[ImageObjects]:
    """Up to ``count`` images that show every class as early as can be, then others spread over the rest."""
    chosen: list[ImageObjects] = []
    shown: set[int] = set()
    while len(chosen) < count:
        best = max(images, key=lambda o: len(set(o.labels) - shown), default=None)
        if best is None or not set(best.labels) - shown:
            break
        chosen.append(best)
        shown |= set(best.labels)
    rest = [o for o in images if o.ids and not any(o is c for c in chosen)] or []
    wanted = min(count - len(chosen), len(rest))
    picks = np.linspace(0, len(rest) - 1, wanted).round().astype(int) if wanted else []
    return chosen + [rest[i] for i in picks]


def _write_panels(experiment: Experiment, part: Part) -> list[dict[str, str]]:
    records = []
    chosen = chosen_for_panels(part.selection.images, experiment.recipe.report.panels)
    predictions = _Predictions(experiment, part, {objects.image.id for objects in chosen})
    for objects in chosen:
        image = read_image(part.path_of(objects))
        truth, predicted = predictions.drawn(objects, image)
        file = f"figures/panels/{part.name}-{Path(predictions.files[objects.image.file_name]).stem}.jpg"
        write_picture(experiment.run.path / file, panel([image, truth, predicted], CAPTIONS))
        records.append({"file": file, "caption": f"{part.name}: {objects.image.file_name}"})
    return records


class _Predictions:
    """The saved predictions of a part's ``images``, by id, drawn beside the truth."""

    def __init__(self, experiment: Experiment, part: Part, images: set[int]) -> None:
        self.experiment, self.part = experiment, part
        self.files = mask_files([objects.image.file_name for objects in part.selection.images])
        self.folder = experiment.run.path / "predictions" / part.name
        self.results: dict[int, list[dict[str, Any]]] = defaultdict(list)
        if experiment.recipe.task == "instance":
            file = self.folder / "instances.json"
            if not file.is_file():
                raise UsageError(f"{file}: the predictions are missing. Run `maskwright evaluate` on the run first.")
            for record in read_json_list(file):
                if record["image_id"] in images and record["score"] >= experiment.recipe.evaluate.show_score:
                    self.results[record["image_id"]].append(record)

    def drawn(
        self, objects: ImageObjects, image: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """``image`` with its truth, and with its prediction, drawn over it."""
        table = self.experiment.prepared.table
        if self.experiment.recipe.task == "instance":
            found = from_results(self.results[objects.image.id], (objects.image.height, objects.image.width))
            truth = overlay_instances(image, objects.instances(), table, show_scores=False)
            return truth, overlay_instances(image, found, table)
        file = self.files[objects.image.file_name]
        truth_map = read_label_map(self.experiment.masks_folder(self.part.name) / file)
        predicted = read_label_map(self.folder / "label_maps" / file)
        return overlay_label_map(image, truth_map, table), overlay_label_map(image, predicted, table)
