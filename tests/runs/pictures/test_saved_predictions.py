"""The errors that are drawn are those that the scores of the image count."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.files import read_json
from maskwright.images.decode import read_image
from maskwright.progress import Reporter
from maskwright.reports.pictures import errors
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import open_run
from maskwright.runs.pictures import saved_predictions
from maskwright.runs.pictures.saved_predictions import SavedPredictions


def test_detections_and_objects_are_drawn_as_the_scores_count_them(
    instance_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = Experiment(open_run(instance_run, Reporter(quiet=True)))
    # A short training finds little above the usual threshold, and every image shall have all outcomes.
    rows = read_json(instance_run / "predictions" / "validation" / "images.json")
    part = experiment.prepared.parts["validation"]
    counted: list[tuple[int, int, int]] = []
    drawn = errors.object_outcomes

    def counting(size, found, wrong, missed):
        counted.append((len(found), len(wrong), len(missed)))
        return drawn(size, found, wrong, missed)

    monkeypatch.setattr(saved_predictions, "object_outcomes", counting)
    predictions = SavedPredictions(experiment, part, {objects.image.id for objects in part.selection.images})
    for objects in part.selection.images:
        predictions.errors(objects, read_image(part.path_of(objects)))
    expected = {row["image_id"]: (row["right"], row["wrong"], row["missed"]) for row in rows}
    assert counted == [expected[objects.image.id] for objects in part.selection.images]
    assert sum(missed for _, _, missed in counted) > 0


def test_the_errors_of_pixels_are_drawn_over_the_grey_image(semantic_run: Path) -> None:
    experiment = Experiment(open_run(semantic_run, Reporter(quiet=True)))
    part = experiment.prepared.parts["validation"]
    objects = part.selection.images[0]
    predictions = SavedPredictions(experiment, part, {objects.image.id})
    image = read_image(part.path_of(objects))
    truth, predicted = predictions.label_maps(objects)
    drawn = predictions.errors(objects, image)
    both_background = (truth == 0) & (predicted == 0)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    assert (drawn[both_background] == grey[both_background][:, None]).all()
    assert np.ptp(drawn[~both_background].astype(int), axis=1).max() > 0
