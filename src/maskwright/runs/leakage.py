"""Leak detection: record the training images of a run, and warn where its scores are computed on some of them."""

from typing import Any

from maskwright.errors import some_of
from maskwright.images.training_images import TrainingImages
from maskwright.runs.folder import OpenRun
from maskwright.runs.prepare import DataSplit


def record_training_images(run: OpenRun, part: DataSplit) -> None:
    """Write ``trained_on.json``: the training images of ``run``."""
    names = [each.image.file_name for each in part.selection.images]
    TrainingImages.among(part.folder, names).write(run.files.trained_on_file)


def find_leaked_images(run: OpenRun, part: DataSplit) -> dict[str, Any]:
    """Return ``{"trained_on": [file name]}`` for the images of ``part`` that ``run`` was trained on, and warn of them.

    It is empty when there are none, and for runs of an earlier version that did not record them.
    """
    file = run.files.trained_on_file
    if not file.is_file():
        return {}
    images = [(each.image.file_name, part.path_of(each)) for each in part.selection.images]
    seen = TrainingImages.read(file).leaked(images)
    if not seen:
        return {}
    some = some_of(seen, 3)
    run.reporter.warn(
        [
            f"{part.annotations}: {len(seen)} of the {len(part.selection.images)} images of {part.name} are "
            f"training images ({some}); expected images that the model has not seen. Scores on them say nothing about "
            "new images. Split the data with `maskwright split`, which puts copies into one part."
        ]
    )
    return {"trained_on": seen}
