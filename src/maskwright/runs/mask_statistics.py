"""Count the pixels of every class in the label maps of a part, once, and cache the counts beside them."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from maskwright.annotations.objects import ImageObjects
from maskwright.control_characters import lines_of_cells, quote_cell
from maskwright.datasets.mask_statistics import count_pixels
from maskwright.datasets.semantic import SemanticSample
from maskwright.errors import DataError, UsageError
from maskwright.evaluation.panoptic.files import PANOPTIC
from maskwright.files import write_text
from maskwright.label_maps.files import mask_files
from maskwright.masks.png import read_label_map
from maskwright.model_file import TrainingImageFigures
from maskwright.progress import Reporter
from maskwright.runs.experiment import Experiment
from maskwright.runs.prepare import DataSplit
from maskwright.structures import ClassTable

PIXEL_COUNTS = "pixel_counts.csv"

Counts = npt.NDArray[np.int64]


def measure_training_images(images: Sequence[ImageObjects]) -> TrainingImageFigures:
    """Return what the training ``images`` are like; crowd regions are no objects."""
    sizes = [(each.image.height, each.image.width) for each in images]
    densities = (
        (len(each.crowd) - sum(each.crowd)) * 1e6 / (height * width)
        for each, (height, width) in zip(images, sizes, strict=True)
    )
    return TrainingImageFigures(round(median(map(min, sizes))), max(densities))


def training_pixels(experiment: Experiment) -> npt.NDArray[np.int64]:
    """Return the pixels ``(N, K+1)`` int64 of every label in each training label map; cache them in the run folder."""
    part = experiment.prepared.parts["train"]
    files = [sample.label_map for sample in semantic_samples(experiment, part)]
    cache = experiment.masks_folder(part.name) / PIXEL_COUNTS
    return cached_pixel_counts(files, experiment.prepared.table, cache, experiment.run.reporter)


def semantic_samples(experiment: Experiment, part: DataSplit) -> list[SemanticSample]:
    """Return the image and label map files of ``part``, those of segment ids of a panoptic recipe.

    Raises ``UsageError`` when a map is missing.
    """
    panoptic = experiment.recipe.task == "panoptic"
    folder = experiment.masks_folder(part.name) / (Path(PANOPTIC).stem if panoptic else "")
    images: Sequence[ImageObjects] = part.selection.images
    files = mask_files([objects.image.file_name for objects in images])
    samples = [SemanticSample(part.path_of(o), folder / files[o.image.file_name], panoptic) for o in images]
    missing = [sample.label_map for sample in samples if not sample.label_map.is_file()]
    if missing:
        raise UsageError(f"{missing[0]}: the label map is missing ({len(missing)} in all). Run the masks stage again.")
    return samples


def cached_pixel_counts(files: Sequence[Path], table: ClassTable, cache: Path, reporter: Reporter) -> Counts:
    """Return the pixels ``(N, K+1)`` int64 of every label in each of ``files``; ignored pixels do not count.

    They are read from the CSV file ``cache`` when it is of these files and classes, else counted and written to it.
    Raises ``DataError`` for a file that is no label map of these classes.
    """
    header = ["file", *table.names_with_background]
    names = [file.name for file in files]
    known = _read(cache, header, names)
    if known is not None:
        return known
    counts = np.zeros((len(files), len(header) - 1), np.int64)
    for row, file in zip(counts, reporter.track(files, "pixels of each class"), strict=True):
        try:
            row[:] = count_pixels(read_label_map(file), len(table), table.ignore_index)
        except DataError as error:
            raise DataError(f"{file}: {error}") from error
    _write(cache, header, names, counts)
    return counts


def _read(cache: Path, header: list[str], names: list[str]) -> Counts | None:
    if not cache.is_file():
        return None
    rows = list(csv.reader(io.StringIO(cache.read_text(encoding="utf-8"), newline="")))
    if rows[:1] != [list(map(quote_cell, header))] or [row[0] for row in rows[1:]] != list(map(quote_cell, names)):
        return None
    return np.array([row[1:] for row in rows[1:]], np.int64)


def _write(cache: Path, header: list[str], names: list[str], counts: Counts) -> None:
    rows = ([name, *row] for name, row in zip(names, counts.tolist(), strict=True))
    write_text(cache, lines_of_cells([header, *rows]))
