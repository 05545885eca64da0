"""Sample panels: predictions on the same few validation images during the training.

They show the weights that are validated and saved. Drawing them does not change the training: it ends with the same
bits.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from maskwright.annotations.objects import ImageObjects
from maskwright.annotations.selection.showcase import showcase_images
from maskwright.images.decode import read_image
from maskwright.images.draw import overlay_instances, overlay_label_map
from maskwright.images.encode import write_png
from maskwright.label_maps.files import mask_files
from maskwright.masks.png import read_label_map
from maskwright.prediction.predictor import Predictor
from maskwright.recipes.schema import Recipe
from maskwright.reports.pictures.panels import CAPTIONS, enlargement, panel
from maskwright.reports.pictures.segments import overlay_segments
from maskwright.runs.context import predictor_of
from maskwright.runs.experiment import Experiment
from maskwright.runs.panoptic.maps import panoptic_truth
from maskwright.training.random_state import random_state, restore_random_state
from maskwright.training.state import Scores, Training

Picture = npt.NDArray[np.uint8]

_PART = "validation"

# Trackers keep a panel for each image and epoch.
HEIGHT = 360


def validate_with_panels(experiment: Experiment, training: Training) -> Callable[[nn.Module], Scores]:
    """Return the validation of ``training`` followed by the panels, in the epochs that have some.

    Panels go to ``figures/epochs/epoch-NNNN/`` of the run folder and to every tracker.
    """
    validate = training.validate

    def validated(model: nn.Module) -> Scores:
        scores, epoch = validate(model), training.position.epoch + 1
        # After a stop request the scores are thrown away, and resuming starts with the validation.
        if has_panels(experiment.recipe, epoch) and not training.stop():
            with preserving_training_state(model, training.fabric.device):
                panels = draw_panels(experiment, predictor_of(experiment, model))
            write_panels(experiment.run.path, epoch, panels)
            if epoch == first_validation(experiment.recipe):
                experiment.run.reporter.say(
                    f"panels of {len(panels)} validation images: {_folder(experiment.run.path, epoch)}"
                )
            for tracker in training.trackers:
                tracker.show(epoch, tags(panels))
        return scores

    return validated


def has_panels(recipe: Recipe, epoch: int) -> bool:
    """Return whether the validation after ``epoch`` is the first, or the first since a multiple of ``panels_every``."""
    every, between = recipe.report.panels_every, recipe.train.validate_every
    if not recipe.report.panels:
        return False
    if epoch == first_validation(recipe):
        return True
    if every is None:
        return False
    before = (epoch - 1) // between * between
    return epoch // every > before // every


def first_validation(recipe: Recipe) -> int:
    """Return the epoch after which a training is validated first."""
    return min(recipe.train.validate_every, recipe.train.epochs)


def draw_panels(experiment: Experiment, model: Predictor[Any]) -> dict[str, Picture]:
    """Return panels of original, truth and prediction, ``(H, W, 3)`` RGB by name, of the images in the report."""
    part = experiment.prepared.parts[_PART]
    files = mask_files([objects.image.file_name for objects in part.selection.images])
    panels = {}
    images = part.selection.images
    for number in showcase_images([objects.labels for objects in images], experiment.recipe.report.panels):
        objects = images[number]
        image, file = read_image(part.path_of(objects)), files[objects.image.file_name]
        drawn = _DRAWN[experiment.recipe.task]
        panels[Path(file).stem] = panel([image, *drawn(experiment, model, objects, image, file)], CAPTIONS, HEIGHT)
    return panels


@contextmanager
def preserving_training_state(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Put ``model`` into evaluation mode; restore its modes and torch's random state afterwards."""
    modes = {module: module.training for module in model.modules()}
    state = random_state(device)
    model.eval()
    try:
        yield
    finally:
        restore_random_state(state, device)
        for module, mode in modes.items():
            module.training = mode


def tags(panels: dict[str, Picture]) -> dict[str, Picture]:
    """Return ``panels`` by the names that trackers show."""
    return {f"panels/{name}": picture for name, picture in panels.items()}


def write_panels(run: Path, epoch: int, panels: dict[str, Picture]) -> None:
    """Write the ``panels`` ``(H, W, 3)`` RGB of ``epoch`` as PNG files into the folder ``run``."""
    for name, picture in panels.items():
        write_png(_folder(run, epoch) / f"{name}.png", picture)


def read_panels(run: Path, epoch: int) -> dict[str, Picture]:
    """Return the panels that were written for ``epoch``, by name; empty when there are none."""
    return {path.stem: read_image(path) for path in sorted(_folder(run, epoch).glob("[!.]*.png"))}


def _folder(run: Path, epoch: int) -> Path:
    return run / "figures" / "epochs" / f"epoch-{epoch:04d}"


def _label_maps(
    experiment: Experiment, model: Predictor[Any], objects: ImageObjects, image: Picture, file: str
) -> tuple[Picture, Picture]:
    table = experiment.prepared.table
    truth = read_label_map(experiment.masks_folder(_PART) / file).astype(table.label_dtype)
    return overlay_label_map(image, truth, table), overlay_label_map(image, model.predict(image), table)


def _instances(
    experiment: Experiment, model: Predictor[Any], objects: ImageObjects, image: Picture, file: str
) -> tuple[Picture, Picture]:
    table = experiment.prepared.table
    shown = model.predict(image, score=experiment.recipe.evaluate.show_score)
    factor = enlargement(image)
    truth = overlay_instances(image, objects.instances(), table, show_scores=False, enlarge=factor)
    return truth, overlay_instances(image, shown, table, enlarge=factor)


def _segments(
    experiment: Experiment, model: Predictor[Any], objects: ImageObjects, image: Picture, file: str
) -> tuple[Picture, Picture]:
    table, part = experiment.prepared.table, experiment.prepared.parts[_PART]
    truth = panoptic_truth(experiment, part, objects)
    return overlay_segments(image, truth, table), overlay_segments(image, model.predict(image), table)


_DRAWN = {"instance": _instances, "semantic": _label_maps, "panoptic": _segments}
