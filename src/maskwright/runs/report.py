"""The last stages of a run: evaluate, then draw panels of original, truth and prediction, and write the page."""

from collections import defaultdict
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from maskwright.annotations.objects import ImageObjects
from maskwright.annotations.selection.showcase import showcase_images
from maskwright.errors import MaskwrightError, UsageError
from maskwright.evaluation.results.category_ids import with_indices
from maskwright.evaluation.results.classes import CLASSES_FILE, read_class_table
from maskwright.files import read_json_list, write_json
from maskwright.images.decode import read_image
from maskwright.images.draw import overlay_instances, overlay_label_map
from maskwright.images.encode import write_jpeg
from maskwright.label_maps.files import mask_files
from maskwright.masks.png import read_label_map
from maskwright.progress import Reporter
from maskwright.reports.pictures.panels import CAPTIONS, panel
from maskwright.reports.run.page import write_page
from maskwright.run_folder import PartScores
from maskwright.runs.context import Experiment
from maskwright.runs.cross_evaluation_data import CrossEvaluation, cross_evaluation_entries
from maskwright.runs.evaluation import evaluate_stage
from maskwright.runs.folder import open_run
from maskwright.runs.prepare import DataSplit
from maskwright.structures import Instances, ResultRecord


def evaluate_and_report(path: Path, reporter: Reporter, experiment: Experiment | None = None) -> None:
    """Do the evaluate and report stages of the run at ``path``, with the data of ``experiment`` if given."""
    experiment = experiment or Experiment(open_run(path, reporter))
    experiment.run.perform("evaluate", lambda: evaluate_stage(experiment))
    experiment.run.perform("report", lambda: report_stage(experiment))


def report_stage(experiment: Experiment) -> None:
    """Draw the panels of each scored part and write ``report.html``."""
    run = experiment.run
    records = []
    if run.files.scores_file.is_file():
        for name, scores in run.files.scores.items():
            scored = _experiment_of(experiment, name, scores)
            if scored is not None:
                records += _write_panels(scored, scored.prepared.parts[name])
    write_json(run.files.panels_file, records)
    write_page(run.path)


def _experiment_of(experiment: Experiment, name: str, scores: PartScores) -> Experiment | None:
    """Return the experiment with the data of the scores ``name``; None when that data is gone."""
    if "cross_evaluation" not in scores:
        return experiment if name in experiment.recipe.evaluate.on else None
    try:
        every = cross_evaluation_entries(experiment, CrossEvaluation(**scores["cross_evaluation"]))
        return next((scored.experiment for scored in every if scored.name == name), None)
    except MaskwrightError as error:
        experiment.run.reporter.warn([f"No panels of {name}: {error}"])
        return None


def _write_panels(experiment: Experiment, part: DataSplit) -> list[dict[str, str]]:
    records = []
    images = part.selection.images
    chosen = [images[i] for i in showcase_images([o.labels for o in images], experiment.recipe.report.panels)]
    predictions = _PanelPredictions(experiment, part, {objects.image.id for objects in chosen})
    for objects in chosen:
        image = read_image(part.path_of(objects))
        truth, predicted = predictions.drawn(objects, image)
        file = f"figures/panels/{part.name}-{Path(predictions.files[objects.image.file_name]).stem}.jpg"
        write_jpeg(experiment.run.path / file, panel([image, truth, predicted], CAPTIONS))
        records.append({"file": file, "caption": f"{part.name}: {objects.image.file_name}"})
    return records


class _PanelPredictions:
    """Draws the saved predictions of ``images`` (ids) of a part, and their truth."""

    def __init__(self, experiment: Experiment, part: DataSplit, images: set[int]) -> None:
        self.experiment, self.part = experiment, part
        self.files = mask_files([objects.image.file_name for objects in part.selection.images])
        self.folder = experiment.run.files.predictions(part.name)
        self.results: dict[int, list[ResultRecord]] = defaultdict(list)
        if experiment.recipe.task == "instance":
            file = self.folder / "instances.json"
            if not file.is_file():
                raise UsageError(f"{file}: the predictions are missing. Run `maskwright evaluate` on the run.")
            shown = [
                cast(ResultRecord, record)
                for record in read_json_list(file)
                if record["image_id"] in images and record["score"] >= experiment.recipe.evaluate.show_score
            ]
            for record in with_indices(shown, read_class_table(self.folder / CLASSES_FILE)):
                self.results[record["image_id"]].append(record)

    def drawn(
        self, objects: ImageObjects, image: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Return ``image`` ``(H, W, 3)`` with the truth drawn over it, and with the prediction."""
        table = self.experiment.prepared.table
        if self.experiment.recipe.task == "instance":
            found = Instances.from_coco(self.results[objects.image.id], (objects.image.height, objects.image.width))
            truth = overlay_instances(image, objects.instances(), table, show_scores=False)
            return truth, overlay_instances(image, found, table)
        file = self.files[objects.image.file_name]
        truth_map = read_label_map(self.experiment.masks_folder(self.part.name) / file)
        predicted = read_label_map(self.folder / "label_maps" / file)
        return overlay_label_map(image, truth_map, table), overlay_label_map(image, predicted, table)
