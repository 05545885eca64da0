"""Score predictions by the official Cityscapes rules: instances from mask files or COCO results, and pixels."""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from maskwright.errors import DataError, UsageError, some_of
from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.cityscapes.average_precision import instance_scores
from maskwright.evaluation.cityscapes.distances import (
    LIMITS,
    Distances,
    add_distance_scores,
    count_without_distance,
    match_within_limits,
    read_distances,
)
from maskwright.evaluation.cityscapes.images import MeasuredImage, measure_mask_files, measure_rles
from maskwright.evaluation.cityscapes.layout import (
    INSTANCE_IDS,
    LABEL_IDS,
    match_frames,
    prediction_files,
    read_predictions,
    truth_files,
)
from maskwright.evaluation.cityscapes.matching import CityscapesMatches
from maskwright.evaluation.cityscapes.pixels import PixelCounts, class_pixel_counts, pixel_counts, pixel_scores
from maskwright.evaluation.cityscapes.results import by_frame, read_city_results
from maskwright.evaluation.instances.scores import cityscapes_intervals
from maskwright.evaluation.semantic.intervals import semantic_intervals
from maskwright.images.decode import image_size
from maskwright.masks.gray_png import read_gray_label_map
from maskwright.progress import Reporter

RESULTS = "instances.json"

_NOTES = {
    "empty_mask": "predictions cover no pixel; the official rules ignore them",
    "class_not_scored": "predictions are of a label whose instances are not scored",
}

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True)
class CityscapesScores:
    """The scores of a split of Cityscapes; ``remarks`` name the rejected and ignored predictions."""

    scores: dict[str, Any]
    remarks: list[str]

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {**self.scores, "remarks": self.remarks}


@dataclass(frozen=True)
class _Folders:
    truth: Path
    predictions: Path
    split: str | None
    distances: Path | None
    intervals: bool
    workers: int
    reporter: Reporter


@dataclass(frozen=True)
class _MatchedImage:
    """The matches of one image: over all distances, and ``near`` within each limit of distance by its name.

    ``rejected`` counts ignored predictions by reason. ``unknown`` objects have no distance, where a file of distances
    is given.
    """

    matches: CityscapesMatches
    rejected: Counter[str]
    near: dict[str, CityscapesMatches]
    unknown: int = 0


def score_cityscapes(
    truth: str | Path,
    predictions: str | Path,
    *,
    split: str | None = None,
    pixel: bool = False,
    label_maps: str | Path | None = None,
    distances: str | Path | None = None,
    intervals: bool = False,
    workers: int = 2,
    reporter: Reporter | None = None,
) -> CityscapesScores:
    """Score predictions for Cityscapes by the rules of its official scripts.

    Args:
        truth: The folder that holds ``gtFine``.
        predictions: A folder with a txt file for each image and its mask files, or COCO results: a JSON file, or a
            folder with ``instances.json``.
        split: The split of ``gtFine``; by default the only one, or ``val``.
        pixel: Compute pixel scores (mIoU, iIoU) too, from PNG files of label ids. Where ``predictions`` holds no
            instances, only pixels are scored.
        label_maps: The folder of these PNG files; ``predictions`` by default.
        distances: A JSON file with the distance of each object, see
            :func:`maskwright.evaluation.cityscapes.distances.read_distances`. It adds the AP of objects within 100 m
            and within 50 m.
        intervals: Compute 95 % bootstrap intervals over images too, from a thousand samples.
        workers: How many threads read files.
        reporter: Where progress goes; standard error by default.

    Returns:
        The scores, with ``AP`` and ``AP50`` by class and on average, and remarks on predictions that do not count.

    Raises:
        UsageError: There is no truth or nothing to score.
        DataError: Predictions are missing, a mask has another size than its image, a label is none of Cityscapes', or
            the distances are of other images.
    """
    truth, predictions = Path(truth), Path(predictions)
    label_maps, distances = (Path(path) if path is not None else None for path in (label_maps, distances))
    folders = _Folders(truth, predictions, split, distances, intervals, workers, reporter or Reporter())
    left_out: Counter[str] = Counter()
    scores: dict[str, Any] = {}
    remarks: list[str] = []
    texts = prediction_files(predictions, ".txt") if predictions.is_dir() else {}
    results = predictions / RESULTS if predictions.is_dir() else predictions
    if texts and not results.is_file():
        scores = _from_files(folders, texts, left_out, remarks)
    elif results.is_file():
        scores = _from_results(folders, results, left_out, remarks)
    elif pixel and distances is None:
        scores = {"AP": None, "AP50": None, "classes": {}}
        remarks.append(f"{predictions}: holds no predicted instances; only pixels are scored.")
    else:
        raise UsageError(
            f"{predictions}: holds neither <city>_<sequence>_<frame>*.txt files nor {RESULTS}; expected predicted "
            "instances. For label maps alone add --pixel, without --distances."
        )
    if pixel:
        scores["pixel"] = _pixels(folders, label_maps or (predictions if predictions.is_dir() else predictions.parent))
    notes = [f"{predictions}: {count} {_NOTES[reason]}." for reason, count in sorted(left_out.items())]
    return CityscapesScores(scores, remarks + notes)


def _from_files(
    folders: _Folders, texts: dict[str, list[Path]], rejected: Counter[str], remarks: list[str]
) -> dict[str, Any]:
    truth = truth_files(folders.truth, folders.split, INSTANCE_IDS)
    files = match_frames(truth, texts, folders.predictions, "results file (.txt)")
    _note_others(texts.keys() - truth.keys(), folders.predictions, remarks)

    def measure(frame: str) -> MeasuredImage:
        return measure_mask_files(truth[frame], read_predictions(files[frame], folders.predictions))

    return _scored(folders, truth, measure, rejected, remarks)


def _from_results(folders: _Folders, path: Path, rejected: Counter[str], remarks: list[str]) -> dict[str, Any]:
    truth = truth_files(folders.truth, folders.split, INSTANCE_IDS)
    results = read_city_results(path, {frame: image_size(file) for frame, file in truth.items()})
    remarks += results.rejected.lines(str(path))
    if results.without_mask:
        remarks.append(f"{path}: {results.without_mask} records have no mask and are not scored.")
    grouped = by_frame(results, list(truth))

    def measure(frame: str) -> MeasuredImage:
        return measure_rles(truth[frame], grouped.get(frame, ()))

    return _scored(folders, truth, measure, rejected, remarks)


def _scored(
    folders: _Folders,
    truth: dict[str, Path],
    measure: Callable[[str], MeasuredImage],
    rejected: Counter[str],
    remarks: list[str],
) -> dict[str, Any]:
    distances = _distances(folders.distances, truth) if folders.distances is not None else None

    def match_frame(frame: str) -> _MatchedImage:
        found = measure(frame)
        matches, skipped = found.match()
        if distances is None:
            return _MatchedImage(matches, skipped, {})
        known = distances.get(frame, {})
        near = match_within_limits(found.truth, found.predictions, known)
        return _MatchedImage(matches, skipped, near, count_without_distance(found.truth, known))

    images = list(_in_threads(folders, match_frame, truth, "scoring instances"))
    for image in images:
        rejected.update(image.rejected)
    scores = instance_scores(image.matches for image in images) | {"images": len(truth)}
    if folders.intervals:
        scores["intervals"] = cityscapes_intervals([image.matches for image in images], Resampling())
    if distances is None:
        return scores
    unknown = sum(image.unknown for image in images)
    if unknown:
        remarks.append(f"{folders.distances}: has no distance of {unknown} objects; they count as near nowhere.")
    return add_distance_scores(scores, {limit.name: [image.near[limit.name] for image in images] for limit in LIMITS})


def _distances(path: Path, truth: dict[str, Path]) -> Distances:
    distances = read_distances(path)
    if not distances.keys() & truth.keys():
        raise DataError(
            f"{path}: is of {', '.join(sorted(distances)[:3]) or 'no frame'}; expected frames of the truth, such as "
            f"{next(iter(truth))}. Give the distances of these images, or choose a --split."
        )
    return distances


def _pixels(folders: _Folders, label_maps: Path) -> dict[str, Any]:
    truth = truth_files(folders.truth, folders.split, LABEL_IDS)
    instances = _instances_beside(truth)
    masks = _mask_files(label_maps)
    found = prediction_files(label_maps, ".png", exclude=masks)
    files = match_frames(truth, found, label_maps, "label map (.png)")

    def count(frame: str) -> PixelCounts:
        objects = read_gray_label_map(instances[frame]) if frame in instances else None
        return pixel_counts(
            read_gray_label_map(truth[frame]), read_gray_label_map(files[frame]), objects, str(files[frame])
        )

    counts, images = PixelCounts(), []
    for each in _in_threads(folders, count, truth, "scoring pixels"):
        counts += each
        images.append(class_pixel_counts(each))
    scores: dict[str, Any] = pixel_scores(counts) | {"images": len(truth)}
    if folders.intervals:
        scores["intervals"] = semantic_intervals(images, list(scores["classes"]), Resampling())
    return scores


def _instances_beside(truth: dict[str, Path]) -> dict[str, Path]:
    """Return the instance images by frame, or none unless all exist: iIoU over some of the objects is another score."""
    beside = {frame: path.with_name(path.name.replace(LABEL_IDS, INSTANCE_IDS)) for frame, path in truth.items()}
    return beside if all(path.is_file() for path in beside.values()) else {}


def _mask_files(folder: Path) -> list[Path]:
    """Return the masks that txt files in ``folder`` name; their names look like those of label maps."""
    texts = (path for paths in prediction_files(folder, ".txt").values() for path in paths)
    return [prediction.mask for text in texts for prediction in read_predictions(text, folder)]


def _note_others(frames: Iterable[str], folder: Path, remarks: list[str]) -> None:
    others = sorted(frames)
    if others:
        some = some_of(others, 3)
        remarks.append(f"{folder}: {len(others)} txt files are of other images and are not scored ({some}).")


def _in_threads(folders: _Folders, work: Callable[[_In], _Out], items: Iterable[_In], what: str) -> Iterable[_Out]:
    """Yield the result of ``work`` on each item, in order; threads do it, as most of it is reading PNG files."""
    each = list(items)
    with ThreadPoolExecutor(max(1, folders.workers)) as pool:
        yield from folders.reporter.track(pool.map(work, each), what, len(each))
