"""Predict a folder of images: label maps or COCO results, and an overlay of each image."""

import math
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from maskwright.annotations.taxonomy.applied import AppliedTaxonomy
from maskwright.annotations.taxonomy.loading import read_taxonomy
from maskwright.annotations.taxonomy.output_classes import output_classes
from maskwright.annotations.taxonomy.sides import side_of
from maskwright.errors import DataError, UsageError, unknown_name
from maskwright.evaluation.panoptic.writing import panoptic_writer
from maskwright.evaluation.prediction_files import LAYOUTS, OFFICIAL, Write, require_own_results, result_files
from maskwright.evaluation.results.category_ids import of_model
from maskwright.evaluation.results.file_ids import FileIds, read_file_ids, running_ids
from maskwright.files import sha256_of, write_json
from maskwright.images.encode import LONGEST_JPEG
from maskwright.images.resize import InputSize
from maskwright.label_maps.files import mask_files, write_classes
from maskwright.masks.segment_coding import classes_of_pixels
from maskwright.outputs.output import Output
from maskwright.outputs.writing import output_folder
from maskwright.parallel.freed_memory import freed_memory_kept
from maskwright.prediction.batch_trial import fastest_batch_of
from maskwright.prediction.resizing import require_predictable
from maskwright.prediction.semantic import PLAIN
from maskwright.prediction.tally import Tally
from maskwright.prediction.test_time_augmentation import Views
from maskwright.progress import Reporter
from maskwright.run_folder import RunFolder
from maskwright.runs.loaded_model import LoadedModel, load_model
from maskwright.runs.predicting.inference import DEFAULT_INFERENCE, InferenceSettings
from maskwright.runs.predicting.inputs import find_inputs, read_ahead
from maskwright.runs.predicting.journal import JOURNAL, Journal
from maskwright.runs.predicting.limits_of_task import require_possible
from maskwright.runs.predicting.object_table import object_table
from maskwright.runs.predicting.results import CUTOUTS, LABEL_MAPS, OBJECTS, OVERLAYS, ImageResults, names_of_results
from maskwright.structures import ClassTable, Instances, PanopticMap
from maskwright.training.device import resolve_device

_READING_THREADS = 4
TAXONOMY = "taxonomy.json"


@dataclass(frozen=True)
class PredictionSummary:
    """The result of a prediction over a folder.

    ``images`` counts the images predicted. ``skipped`` has the reason for each file that is no image, by file name.
    ``found`` counts the objects by class. ``taxonomy`` is the one that the results are remapped by, or None.
    """

    folder: Path
    images: int
    skipped: dict[str, str]
    found: Tally
    taxonomy: AppliedTaxonomy | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        by = {"taxonomy": self.taxonomy.to_json()} if self.taxonomy else {}
        counts = {"images": self.images, "skipped": self.skipped, **self.found.to_json()}
        return {"folder": str(self.folder), **counts, **by}


def predict(
    model: str | Path | RunFolder,
    images: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    score: float = 0.5,
    batch: int | Literal["auto"] = 1,
    device: str = "auto",
    overlays: bool = True,
    cutouts: bool = False,
    views: Views = PLAIN,
    settings: InferenceSettings = DEFAULT_INFERENCE,
    taxonomy: str | Path | None = None,
    rider: str | None = None,
    layout: str = "coco",
    ids_of: str | Path | None = None,
    every: int = 1,
    resume: bool = False,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> PredictionSummary:
    """Predict every image of a folder and write the results in the usual formats.

    A semantic model writes ``label_maps/<stem>.png``, an instance model ``instances.json`` (COCO results) and
    ``objects.csv``, a row for each object, a panoptic model ``panoptic.json`` and ``panoptic/<stem>.png`` (COCO's
    panoptic format). All write ``classes.json``. Files that cannot be decoded are skipped and
    named. Images are decoded ahead of the model and results written behind it, in threads.

    Results have the category ids of the file that the model was trained on, COCO's for COCO's published weights, and
    the class indices where these are not known; ``classes.json`` has both. Images are numbered from 1. ``ids_of`` gives
    category and image ids of an annotation file instead, so that other tools can compare results with it.

    The results appear when all images are predicted. Label maps and overlays that the same model wrote to ``out``
    earlier stay; a folder with the results of another model is refused.

    Args:
        model: A run folder (its best checkpoint is taken), a checkpoint folder, or a ``.safetensors`` model file.
        images: A folder (without its subfolders), a glob, a ZIP file, a video, or an image file; or several of them.
        out: The folder for the results.
        score: The lowest score of an object that is written, from 0 to 1; for instance models.
        batch: The most images, or windows, that the model sees at once. More than one changes results within rounding,
            see :meth:`maskwright.prediction.predictor.Predictor.predict`. ``auto`` takes the fastest number for the
            first image, by trial.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        overlays: Write ``overlays/<stem>.jpg``, each image with its result drawn over it.
        cutouts: Write ``cutouts/<stem>-<number>.png``, each object alone, transparent around it; for instance models.
        views: What a semantic model averages its probabilities over, see
            :class:`maskwright.prediction.test_time_augmentation.Views`. An instance model takes a window alone: objects
            are merged across the seams of its tiles.
        settings: In which tiles, in which precision, and whether compiled, see
            :class:`maskwright.runs.predicting.inference.InferenceSettings`. Its tiles replace those of ``views``.
        taxonomy: The name of a shipped taxonomy or a YAML file. All results are then in the classes of its other side,
            and ``taxonomy.json`` records it.
        rider: Replaces the taxonomy's rule for riders: ``absent``, ``person`` or ``person-over-two-wheeler``.
        layout: ``coco``, or ``cityscapes`` to write its official files too, into the folder ``cityscapes``.
        ids_of: A COCO annotation file of the images, whose category and image ids the results of an instance model get,
            matched by class name and file name.
        every: Of videos, one frame in so many is predicted.
        resume: Keep what is done when the prediction is stopped, and go on from there when it is called again.
        overwrite: Replace the results of another model, and files of these names that no prediction wrote.
        reporter: Where progress goes; standard error by default.

    Returns:
        The folder, the number of images predicted, the files that were skipped with the reason for each, and the
        objects found by class.

    Raises:
        UsageError: There is no model or no image, a number or name is out of range, an instance model gets other
            ``views`` than tiles, the taxonomy does not account for the model's classes, ``layout`` cannot hold them, a
            semantic model gets ``ids_of`` or ``cutouts``, a panoptic one also ``taxonomy`` or ``resume``, or ``out``
            holds results of another model or files that no prediction wrote.
        DataError: Two images would share one result file, or the file ``ids_of`` shares no class with the results.
        WeightsError: The model file does not fit its model, or the model answers with NaN or infinity.

    Example:
        >>> import maskwright as mw
        >>> done = mw.predict("runs/first", "photos", "predictions", score=0.5)
        >>> done.images, done.skipped
        (12, {})
    """
    sources, out = [Path(each) for each in ([images] if isinstance(images, str | Path) else images)], Path(out)
    if not 0 <= score <= 1:
        raise UsageError(f"--score {score}: expected a number from 0 to 1.")
    if batch != "auto" and batch < 1:
        raise UsageError(f"--batch {batch}: expected 1 or more images at once, or auto.")
    if rider is not None and taxonomy is None:
        raise UsageError("--rider replaces the rule of a taxonomy. Add --taxonomy.")
    resolve_device(device)
    if layout not in LAYOUTS:
        raise unknown_name("layout", layout, LAYOUTS)
    reporter = reporter or Reporter()
    inputs, skipped = find_inputs(sources, every)
    stems = mask_files([image.name for image in inputs])
    by = read_taxonomy(str(taxonomy), rider) if taxonomy is not None else None
    loaded = load_model(model, device, **settings.loading)
    objects, views = loaded.task == "instance", settings.views(loaded, views)
    require_possible(loaded, {"--cutouts": cutouts, "--ids-of": ids_of, "--taxonomy": taxonomy, "--resume": resume})
    if settings.tile == "auto":
        reporter.say(f"tiles of {views.window} pixels")
    if resume and layout != "coco":
        raise UsageError(f"--resume: expected --layout coco; found {layout}. Omit one of them.")
    classes = output_classes(loaded.classes, by, loaded.task)
    ids = _ids(ids_of, loaded, classes.table, [image.name for image in inputs])
    reporter.warn([*settings.remarks(loaded), *ids.remarks])
    tally = Tally(classes.table, score if objects else None)
    limited = partial(_require_size, seen=loaded.input_size, window=views.window, overlays=overlays)
    threads = max(1, min(loaded.result_threads, _READING_THREADS))
    if layout == "cityscapes":
        require_own_results(out / OFFICIAL)
    use = AppliedTaxonomy(by, model=side_of(by, loaded.classes)) if by is not None else None
    read = [*(image.path for image in inputs), loaded.file, *map(Path, filter(None, (taxonomy, ids_of)))]
    about: dict[str, Any] = {"model": sha256_of(loaded.file), "classes": list(classes.table.names)}
    how: dict[str, Any] = {"score": score, "overlays": overlays, "cutouts": cutouts, "views": str(views)}
    computed = settings.computed_by(loaded).to_json()
    how |= {"settings": computed, "ids of": str(ids_of), "taxonomy": use and use.to_json()}
    with (
        output_folder(
            Output("predict", out, reporter.notice, read, overwrite, journal=JOURNAL if resume else None),
            about=about,
            expected=names_of_results(inputs, stems, loaded.task, overlays, [TAXONOMY] if taxonomy is not None else []),
            kept=(LABEL_MAPS, OVERLAYS, CUTOUTS),
        ) as staging,
        freed_memory_kept(),
        Journal(staging, about | how, classes.table, stems, not objects).kept(resume, inputs, reporter.say) as journal,
        _records(staging, loaded, layout, ids.table, stems) as write,
        object_table(staging / OBJECTS) if objects else nullcontext(lambda _: None) as append,
        panoptic_writer(staging, ids.table) if loaded.task == "panoptic" else nullcontext() as write_segments,
    ):
        rest = [image for image in inputs if not journal.has(image)]
        decoded = read_ahead(reporter.track(rest, "predicting"), limited, skipped, threads, views.window)
        if batch == "auto":
            batch, decoded = fastest_batch_of(loaded, decoded)
            reporter.say(f"batches of {batch}")
        results = ImageResults(staging, classes, stems, score, overlays, cutouts)
        fresh = results.write_behind(loaded.of_task(decoded, batch, views), max(1, loaded.result_threads))
        for image, done in journal.in_order(inputs, fresh):
            if resume and not journal.has(image):
                journal.add(image, done)
            if isinstance(done.found, np.ndarray):
                tally.add_label_map(done.found)
            elif write_segments is not None and isinstance(done.found, PanopticMap):
                tally.add_label_map(classes_of_pixels(done.found, classes.table))
                write_segments(ids.images[done.name], done.name, done.found, stems[done.name])
            elif isinstance(done.found, Instances):
                tally.add_instances(done.found, done.highest)
                write(done.found, ids.images[done.name], done.name)
                append(list(done.rows))
        results.write_videos(inputs if overlays else [])
        write_classes(staging, classes.table if loaded.task == "semantic" else ids.table)
        if use is not None:
            write_json(staging / TAXONOMY, use.to_json())
    reporter.warn(f"{message} Skipped." for message in skipped.values())
    return PredictionSummary(out, tally.images, skipped, tally, use)


def parse_views(flip: bool, scales: str) -> Views:
    """Return the views, but for tiles, that options of the command line describe.

    ``scales`` is text such as ``0.75,1,1.25``. Raises ``UsageError`` for values that a recipe's ``evaluate`` refuses.
    """
    factors = [_factor(text) for text in scales.split(",")]
    if not all(0 < factor <= 8 for factor in factors):
        raise UsageError(f"--scales {scales}: expected factors above 0 and up to 8 with commas, as in 0.75,1,1.25.")
    return Views(flip, tuple(factors))


def _factor(text: str) -> float:
    """Return ``text`` as a number, or NaN, which is in no range."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _require_size(size: tuple[int, int], seen: InputSize, window: int | None, overlays: bool) -> None:
    """Raise ``DataError`` for an image that is too large to predict or, with ``overlays``, to be drawn as JPEG."""
    require_predictable(size, seen, window)
    if overlays and max(size) > LONGEST_JPEG:
        raise DataError(
            f"has a side of {max(size)} pixels; the JPEG of its overlay can have {LONGEST_JPEG}. Cut it into tiles, or "
            "add --no-overlays."
        )


def _ids(ids_of: str | Path | None, loaded: LoadedModel[Any], table: ClassTable, names: Sequence[str]) -> FileIds:
    """Return the ids of the results of an instance model: those of the file ``ids_of``, else the model's."""
    if ids_of is None:
        return running_ids(of_model(table), names)
    return read_file_ids(Path(ids_of), table, names)


def _records(
    out: Path, loaded: LoadedModel[Any], layout: str, table: ClassTable, names: Iterable[str]
) -> AbstractContextManager[Write]:
    """Return the writer of the objects that an instance model finds; it writes image by image."""
    if loaded.task == "instance":
        return result_files(out, layout, table, names)
    if layout != "coco":
        raise UsageError(f"{loaded.file}: a {loaded.task} model; --layout {layout} is for instance models. Omit it.")
    return nullcontext(lambda *_: None)
