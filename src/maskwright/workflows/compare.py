"""Compare models, runs or the results of any tools, on the same images."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.comparisons.entrants import Entrant, parse_entrants, results_path
from maskwright.comparisons.instance_inputs import InstanceInputs, read_instance_inputs, truth_of_images
from maskwright.comparisons.numbers import changed_images, comparison_numbers
from maskwright.comparisons.paired import ComparedScores
from maskwright.comparisons.panels import Overlays, comparison_picture, instance_overlays, semantic_overlays
from maskwright.comparisons.semantic_inputs import SemanticInputs, read_semantic_inputs
from maskwright.errors import DataError, UsageError, some_of
from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.coco.evaluator import protocol
from maskwright.evaluation.coco.truth import read_truth
from maskwright.evaluation.semantic import scores as semantic
from maskwright.files import write_json, write_text
from maskwright.images.decode import image_path
from maskwright.outputs.output import Output
from maskwright.outputs.writing import output_folder
from maskwright.progress import Reporter
from maskwright.recipes.loading import recipe_of_text
from maskwright.reports.compare.page import render_comparison_page
from maskwright.reports.pictures.embedded import Picture
from maskwright.run_folder import RunFolder
from maskwright.runs.prepare import DataSplit, Prepared, prepare

SUMMARY, PAGE = "compare.json", "compare.html"
_SHOWN = 12
# What makes the data of two runs the same, see :mod:`maskwright.runs.data_check`.
_IDENTITY = ("sha256", "images", "images_sha256")


@dataclass(frozen=True)
class Comparison:
    """The ``numbers`` of a comparison, as ``--json`` prints them; ``path`` is the folder of the page, or None."""

    numbers: dict[str, Any]
    path: Path | None

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return self.numbers


@dataclass(frozen=True)
class _Compared:
    """The scores of all models, the inputs they are of, and the files of the images where these are known."""

    scores: ComparedScores
    inputs: InstanceInputs | SemanticInputs
    files: list[str]
    images: Path | None
    protocol: str
    extra: dict[str, Any]


def compare(
    *models: str | Path | RunFolder,
    truth: str | Path | None = None,
    part: str = "validation",
    images: str | Path | None = None,
    score: float = 0.5,
    samples: int = 1000,
    seed: int = 0,
    out: str | Path | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> Comparison:
    """Compare models on the same images: differences with intervals, p values, and a verdict.

    Args:
        *models: Two or more runs, or with ``truth`` the results of any tools: COCO results files, or folders of label
            maps. ``PATH,PATH`` are trainings of one model with other seeds, ``NAME=PATH`` gives a name.
        truth: The COCO file or the folder of label maps that results are scored against. By default the data of the
            runs, which must be the same.
        part: The part of the data whose predictions are compared.
        images: The folder of the images, for the pictures on the page. Runs know theirs.
        score: The lowest score of a detection in the pictures and in the scores of single images.
        samples: The number of bootstrap samples, and of exchanges for the p values.
        seed: The seed of both.
        out: A folder for ``compare.json`` and the page ``compare.html``.
        overwrite: Replace files of these names in ``out`` that no earlier comparison wrote.
        reporter: Where progress goes; standard error by default.

    Returns:
        The numbers: scores of each model, differences (the later model minus the earlier one), the verdict, the images
        that change most.

    Raises:
        UsageError: Fewer than two models, a path that does not exist, a run without predictions, or runs of other
            tasks.
        DataError: The runs are of other data, no class is shared, or results are of none of the truth's images.

    Example:
        >>> import maskwright as mw
        >>> found = mw.compare("runs/first", "runs/second")  # doctest: +SKIP
        >>> found.numbers["verdict"]  # doctest: +SKIP
        'No difference shown: …'
    """
    if samples < 100:
        raise UsageError(f"--samples {samples}: expected at least 100; fewer give no interval of 95 %.")
    reporter, entrants = reporter or Reporter(), parse_entrants(models)
    paths = {path: results_path(path, part) for entrant in entrants for path in entrant.paths}
    place = Path(images) if images is not None else None
    if truth is None:
        compared = _runs(entrants, paths, part, reporter, place)
    else:
        compared = _results(entrants, paths, Path(truth), reporter, place)
    names = [each.name for each in entrants]
    reporter.say(f"comparing {some_of(names)} on {len(compared.files)} images")
    numbers = comparison_numbers(compared.scores, entrants, Resampling(samples, seed))
    values = [_image_scores(compared, model, score) for model in range(len(entrants))]
    numbers |= {
        **compared.extra,
        "part": part,
        "classes": _classes(compared.inputs),
        "left_out": list(compared.inputs.left_out),
        "remarks": list(compared.inputs.remarks),
        "image_score": _image_score_note(compared.inputs, score),
        "changed_images": changed_images(values, compared.files, names, _SHOWN),
        "protocol": compared.protocol,
        "command": " ".join(["maskwright", *sys.argv[1:]]),
    }
    reporter.warn(numbers["remarks"])
    if out is not None:
        read = [path for path in (*paths.values(), *([Path(truth)] if truth is not None else [])) if path.is_file()]
        _write(Output("compare", Path(out), reporter.notice, read, overwrite), numbers, compared, entrants, score)
    return Comparison(numbers, Path(out) if out is not None else None)


def _results(
    entrants: Sequence[Entrant], paths: dict[Path, Path], truth: Path, reporter: Reporter, images: Path | None
) -> _Compared:
    if truth.is_dir():
        return _semantic(entrants, paths, truth, reporter, images)
    inputs = read_instance_inputs(read_truth(truth), entrants, paths, str(truth))
    reporter.warn(inputs.truth.lines())
    return _instances(inputs, {"task": "instance", "truth": str(truth)}, images)


def _runs(
    entrants: Sequence[Entrant], paths: dict[Path, Path], part: str, reporter: Reporter, images: Path | None
) -> _Compared:
    runs = [RunFolder(path) for path in paths]
    _require_same_data(runs, part)
    first = runs[0]
    if first.card["task"] == "semantic":
        return _semantic(entrants, paths, first.masks(part), reporter, images)
    recipe = recipe_of_text(first.recipe_file.read_text(encoding="utf-8"), str(first.recipe_file))
    prepared: Prepared = prepare(recipe, first.folder)
    split: DataSplit = prepared.parts[part]
    truth = truth_of_images(split.annotations, split.selection.images, prepared.table)
    inputs = read_instance_inputs(truth, entrants, paths, f"{part} of {first}")
    return _instances(inputs, {"task": "instance", "truth": str(split.annotations)}, images or split.folder)


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


def _instances(inputs: InstanceInputs, extra: dict[str, Any], images: Path | None) -> _Compared:
    files = [image["file_name"] for image in inputs.truth.images]
    return _Compared(inputs.models(), inputs, files, images, protocol("mask"), extra)


def _semantic(
    entrants: Sequence[Entrant], paths: dict[Path, Path], truth: Path, reporter: Reporter, images: Path | None
) -> _Compared:
    inputs = read_semantic_inputs(truth, entrants, paths, reporter)
    files = [pair.name for pair in next(iter(inputs.pairs.values()))]
    extra = {"task": "semantic", "truth": str(truth)}
    return _Compared(inputs.models, inputs, files, images, semantic.PROTOCOL, extra)


def _image_scores(compared: _Compared, model: int, score: float) -> Any:
    scores: Any = compared.scores
    return (
        scores.image_scores(model, score) if isinstance(compared.inputs, InstanceInputs) else scores.image_scores(model)
    )


def _image_score_note(inputs: InstanceInputs | SemanticInputs, score: float) -> str:
    if isinstance(inputs, InstanceInputs):
        return f"F1 of each image, mean over IoU 0.50 to 0.95, of detections with a score of at least {score:g}"
    return "Mean IoU of each image over the classes that occur in it"


def _classes(inputs: InstanceInputs | SemanticInputs) -> list[str]:
    return list(inputs.truth.labels().values()) if isinstance(inputs, InstanceInputs) else list(inputs.models.names)


def _write(
    output: Output, numbers: dict[str, Any], compared: _Compared, entrants: Sequence[Entrant], score: float
) -> None:
    with output_folder(output, expected=[SUMMARY, PAGE]) as staging:
        pictures = _pictures(numbers, compared, entrants, score)
        write_json(staging / SUMMARY, numbers)
        write_text(staging / PAGE, render_comparison_page(numbers, pictures))


def _pictures(numbers: dict[str, Any], compared: _Compared, entrants: Sequence[Entrant], score: float) -> list[Picture]:
    folder, names = compared.images, [each.name for each in entrants]
    if folder is None:
        return []
    pictures = []
    for each in numbers["changed_images"]:
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
