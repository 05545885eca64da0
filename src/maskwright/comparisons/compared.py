"""What is compared: the scores of all models on the same images, and what these are of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.comparisons.entrants import Entrant
from maskwright.comparisons.instance_inputs import InstanceInputs, read_instance_inputs, truth_of_images
from maskwright.comparisons.paired import ComparedScores
from maskwright.comparisons.panels import Overlays, comparison_picture, instance_overlays, semantic_overlays
from maskwright.comparisons.semantic_inputs import SemanticInputs, read_semantic_inputs
from maskwright.errors import DataError, MaskwrightError, UsageError, some_of
from maskwright.evaluation.coco.evaluator import protocol
from maskwright.evaluation.coco.truth import read_truth
from maskwright.evaluation.semantic import scores as semantic
from maskwright.images.decode import image_path
from maskwright.progress import Reporter
from maskwright.recipes.loading import recipe_of_text
from maskwright.reports.pictures.embedded import Picture
from maskwright.run_folder import RunFolder
from maskwright.runs.prepare import DataSplit, Prepared, prepare

# What makes the data of two runs the same, see :mod:`maskwright.runs.data_check`.
_IDENTITY = ("sha256", "images", "images_sha256")


@dataclass(frozen=True)
class Compared:
    """The scores of all models, the inputs they are of, and the files of the images where these are known."""

    scores: ComparedScores
    inputs: InstanceInputs | SemanticInputs
    files: list[str]
    images: Path | None
    protocol: str
    extra: dict[str, Any]

    def image_scores(self, model: int, score: float) -> Any:
        """Return the score of each image ``(N,)`` by ``model``, see :meth:`image_score_note`; NaN where undefined."""
        scores: Any = self.scores
        if isinstance(self.inputs, InstanceInputs):
            return scores.image_scores(model, score)
        return scores.image_scores(model)

    def image_score_note(self, score: float) -> str:
        """Return in words what the score of an image is; ``score`` is the lowest of a detection that counts."""
        if isinstance(self.inputs, InstanceInputs):
            return f"F1 of each image, mean over IoU 0.50 to 0.95, of detections with a score of at least {score:g}"
        return "Mean IoU of each image over the classes that occur in it"

    @property
    def classes(self) -> list[str]:
        """The names of the classes that are compared."""
        if isinstance(self.inputs, InstanceInputs):
            return list(self.inputs.truth.labels().values())
        return list(self.inputs.models.names)


def compared_results(
    entrants: Sequence[Entrant], paths: dict[Path, Path], truth: Path, reporter: Reporter, images: Path | None
) -> Compared:
    """Read the results of any tools at ``paths``; ``truth`` is a COCO file or a folder of label maps.

    Raises ``UsageError`` or ``DataError`` for what cannot be read or shares nothing with the truth.
    """
    if truth.is_dir():
        return _semantic(entrants, paths, truth, reporter, images)
    inputs = read_instance_inputs(read_truth(truth), entrants, paths, str(truth))
    reporter.warn(inputs.truth.lines())
    return _instances(inputs, {"task": "instance", "truth": str(truth)}, images)


def compared_runs(
    entrants: Sequence[Entrant], paths: dict[Path, Path], part: str, reporter: Reporter, images: Path | None
) -> Compared:
    """Read the predictions of the runs at ``paths`` on ``part``, whose data must be the same.

    Raises ``UsageError`` for what is no run or of another task, ``DataError`` for runs on other data.
    """
    runs = [RunFolder(path) for path in paths]
    _require_same_data(runs, part)
    first = runs[0]
    if first.card["task"] == "semantic":
        return _semantic(entrants, paths, first.masks(part), reporter, images or _images_of(first, part))
    prepared = _prepared(first)
    split: DataSplit = prepared.parts[part]
    truth = truth_of_images(split.annotations, split.selection.images, prepared.table)
    inputs = read_instance_inputs(truth, entrants, paths, f"{part} of {first}")
    return _instances(inputs, {"task": "instance", "truth": str(split.annotations)}, images or split.folder)


def _prepared(run: RunFolder) -> Prepared:
    return prepare(recipe_of_text(run.recipe_file.read_text(encoding="utf-8"), str(run.recipe_file)), run.folder)


def _images_of(run: RunFolder, part: str) -> Path | None:
    """Return the folder of the images of ``part``; None when its data are gone: label maps are compared without."""
    try:
        found = _prepared(run).parts.get(part)
    except (MaskwrightError, OSError):
        return None
    return None if found is None else found.folder


def _require_same_data(runs: Sequence[RunFolder], part: str) -> None:
    """Raise unless all of ``runs`` are runs of one task, on the same images and objects of ``part``."""
    for run in runs:
        if not run.card:
            raise UsageError(f"{run}: is no run; expected run folders, or results of any tools with --truth GT.")
        if part not in run.card.get("data", {}):
            known = some_of(run.card.get("data", {}))
            raise UsageError(f"{run}: has no part '{part}'; expected one of {known}. Choose it with --part.")
    first = runs[0]
    for run in runs[1:]:
        if run.card["task"] != first.card["task"]:
            raise UsageError(
                f"{run}: is a {run.card['task']} model, {first} a {first.card['task']} model; expected one task."
            )
        mine, other = run.card["data"][part], first.card["data"][part]
        if any(mine.get(key) != other.get(key) for key in _IDENTITY):
            raise DataError(
                f"{run}: was scored on other data than {first} ({part}: {mine.get('images')} images of "
                f"{mine.get('annotations')}, not {other.get('images')} of {other.get('annotations')}); expected the "
                "same images and objects. Predict the same images with both, and name their annotations with --truth."
            )


def _instances(inputs: InstanceInputs, extra: dict[str, Any], images: Path | None) -> Compared:
    files = [image["file_name"] for image in inputs.truth.images]
    return Compared(inputs.models(), inputs, files, images, protocol("mask"), extra)


def _semantic(
    entrants: Sequence[Entrant], paths: dict[Path, Path], truth: Path, reporter: Reporter, images: Path | None
) -> Compared:
    inputs = read_semantic_inputs(truth, entrants, paths, reporter)
    files = [pair.name for pair in next(iter(inputs.pairs.values()))]
    extra = {"task": "semantic", "truth": str(truth)}
    return Compared(inputs.models, inputs, files, images, semantic.PROTOCOL, extra)


def changed_pictures(
    changed: Sequence[Mapping[str, Any]], compared: Compared, entrants: Sequence[Entrant], score: float
) -> list[Picture]:
    """Return a picture of each ``changed`` image with the predictions side by side; none without images folder."""
    folder, names = compared.images, [each.name for each in entrants]
    if folder is None:
        return []
    pictures = []
    for each in changed:
        name, position = each["file_name"], each["position"]
        overlays: Overlays
        if isinstance(compared.inputs, InstanceInputs):
            overlays = instance_overlays(compared.inputs, position, score)
        else:
            overlays = semantic_overlays(compared.inputs, [entrant.paths[0] for entrant in entrants], position)
        pictures.append(comparison_picture(_image_file(folder, name), name, overlays, names))
    return pictures


def _image_file(folder: Path, name: str) -> Path:
    """Return the image ``name`` in ``folder``; label maps have no suffix, so that any image of the name is theirs."""
    path = image_path(folder, name)
    if path.is_file():
        return path
    return next((each for each in sorted(path.parent.glob(f"{path.name}.*")) if each.is_file()), path)
