"""COCO's matching of detections with objects for any measure of their overlap, and the records that AP comes from.

The rules are those of pycocotools (``evaluateImg``): the most confident detection goes first and gets the free object
of highest overlap, objects that count before those that are ignored. A crowd can be found by many. Of equal overlaps
the later object is taken. The evaluator has its own matches too, but reading those of 5,000 images from it takes
minutes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from hotcoco import mask as coco_mask

from maskwright.evaluation.coco.weighted import MatchRecords, Ranked
from maskwright.structures import ResultRecord, TruthRecord

THRESHOLDS: npt.NDArray[np.float64] = np.linspace(0.5, 0.95, 10)
RECALLS: npt.NDArray[np.float64] = np.linspace(0.0, 1.0, 101)
# All objects, small, medium and large ones; an object at a border is in both ranges.
AREAS = np.array([(0.0, 1e10), (0.0, 32.0**2), (32.0**2, 96.0**2), (96.0**2, 1e10)])
MOST_DETECTIONS = 100
_ALMOST_ONE = 1 - 1e-10
_MOST_CELLS = 2000

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# Returns the overlaps (D, G) of detections with objects, of which some are crowds (G,).
Measure = Callable[[Sequence[ResultRecord], Sequence[TruthRecord], Sequence[bool]], Floats]


@dataclass(frozen=True)
class Overlaps:
    """The D detections of one class on an image, most confident first, and its G objects.

    ``image`` and ``category`` are ids. ``overlaps`` are ``(D, G)``, ``scores`` and ``areas`` ``(D,)``, ``true_areas``
    and ``crowd`` ``(G,)``.
    """

    image: int
    category: int
    overlaps: Floats
    scores: Floats
    areas: Floats
    true_areas: Floats
    crowd: Flags


@dataclass(frozen=True)
class _Matched:
    """The detections ``rows`` ``(C,)`` of a cell that overlap some object by the lowest threshold, and their matches.

    ``found`` and ``ignored`` ``(A, T, C)`` say whether a detection finds an object, and whether that is ignored.
    """

    rows: npt.NDArray[np.int64]
    found: Flags
    ignored: Flags


def match_records(truth: Mapping[str, Any], results: Iterable[ResultRecord], kind: str) -> MatchRecords:
    """Match ``results`` with the COCO data set ``truth`` for the IoU type ``bbox`` or ``segm``.

    Masks are RLEs. As in pycocotools the area of a detection is that of its box where results have one. Images are in
    the order of ``truth``.
    """
    images = [image["id"] for image in truth["images"]]
    cells = [cell for each in grouped_records(truth["annotations"], results) for cell in image_cells(*each, kind)]
    return overlap_records(cells, [each["id"] for each in truth["categories"]], images)


def grouped_records(
    annotations: Iterable[TruthRecord], results: Iterable[ResultRecord]
) -> Iterator[tuple[list[TruthRecord], list[ResultRecord]]]:
    """Yield the objects and the results of each image that has some."""
    grouped: dict[int, tuple[list[TruthRecord], list[ResultRecord]]] = defaultdict(lambda: ([], []))
    for each in annotations:
        grouped[each["image_id"]][0].append(each)
    for found in results:
        grouped[found["image_id"]][1].append(found)
    yield from grouped.values()


def image_cells(
    objects: Sequence[TruthRecord],
    found: Sequence[ResultRecord],
    kind: str,
    measure: Measure | None = None,
) -> Iterator[Overlaps]:
    """Yield the overlaps of each class on one image; ``measure`` is by default the IoU of the IoU type ``kind``."""
    grouped: dict[int, tuple[list[TruthRecord], list[ResultRecord]]] = defaultdict(lambda: ([], []))
    for each in objects:
        grouped[each["category_id"]][0].append(each)
    for result in found:
        grouped[result["category_id"]][1].append(result)
    for category, (true, predicted) in grouped.items():
        predicted = sorted(predicted, key=lambda each: -each["score"])[:MOST_DETECTIONS]
        crowd = [bool(each["iscrowd"]) for each in true]
        shared = np.zeros((len(predicted), len(true)))
        if shared.size:
            shared = measure(predicted, true, crowd) if measure else np.asarray(_iou(predicted, true, crowd, kind))
        yield Overlaps(
            (true[0] if true else predicted[0])["image_id"],
            category,
            shared,
            np.array([each["score"] for each in predicted], np.float64),
            np.array([_area(each) for each in predicted], np.float64),
            np.array([each["area"] for each in true], np.float64),
            np.array(crowd, np.bool_),
        )


def overlap_records(cells: Iterable[Overlaps], categories: Sequence[int], images: Sequence[int]) -> MatchRecords:
    """Match all ``cells`` and return the records of ``categories``; ``images`` are ids in the order of weights."""
    place = {image: position for position, image in enumerate(images)}
    ordered = sorted(cells, key=lambda cell: place[cell.image])
    by_class: dict[int, list[tuple[Overlaps, _Matched]]] = defaultdict(list)
    for cell, matched in zip(ordered, _matches(ordered), strict=True):
        by_class[cell.category].append((cell, matched))
    found = [_ranked(by_class[category], place) for category in categories]
    return MatchRecords(list(categories), found, RECALLS)


def _iou(found: Sequence[ResultRecord], objects: Sequence[TruthRecord], crowd: Sequence[bool], kind: str) -> Floats:
    if kind == "segm":
        shapes = [each["segmentation"] for each in found], [each["segmentation"] for each in objects]
    else:
        shapes = [_box(each) for each in found], [each["bbox"] for each in objects]
    return np.asarray(coco_mask.iou(*shapes, list(crowd)))  # type: ignore[arg-type]


def _box(each: ResultRecord) -> list[float]:
    return each["bbox"] if "bbox" in each else coco_mask.to_bbox(each["segmentation"]).tolist()


def _area(each: ResultRecord) -> float:
    if "bbox" in each:
        return each["bbox"][2] * each["bbox"][3]
    return float(coco_mask.area(each["segmentation"]))


def _matches(cells: Sequence[Overlaps]) -> list[_Matched]:
    """Match each cell; cells with as many objects are matched together, detection by detection."""
    groups: dict[int, list[int]] = defaultdict(list)
    for i, cell in enumerate(cells):
        groups[cell.overlaps.shape[1]].append(i)
    found: list[_Matched | None] = [None] * len(cells)
    for places in groups.values():
        # The longest first: those that have no further detection are then at the end.
        rows = {i: np.flatnonzero((cells[i].overlaps >= THRESHOLDS[0]).any(axis=1)) for i in places}
        places.sort(key=lambda i: -len(rows[i]))
        for start in range(0, len(places), _MOST_CELLS):
            chunk = places[start : start + _MOST_CELLS]
            for i, matched in zip(chunk, _match_together([(cells[i], rows[i]) for i in chunk]), strict=True):
                found[i] = matched
    return [each for each in found if each is not None]


def _match_together(cells: Sequence[tuple[Overlaps, npt.NDArray[np.int64]]]) -> list[_Matched]:
    """Match cells of G objects each, of which the first has most of the given candidate rows."""
    count, most, objects = len(cells), len(cells[0][1]), len(cells[0][0].crowd)
    shape = (count, len(AREAS), len(THRESHOLDS))
    found, ignored = np.zeros((*shape, most), np.bool_), np.zeros((*shape, most), np.bool_)
    if most:
        overlaps = np.full((count, most, objects), -1.0)
        for n, (cell, rows) in enumerate(cells):
            overlaps[n, : len(rows)] = cell.overlaps[rows]
        crowd = np.stack([cell.crowd for cell, _ in cells])
        sizes = np.stack([cell.true_areas for cell, _ in cells])[:, None]
        out = crowd[:, None] | (sizes < AREAS[:, :1]) | (sizes > AREAS[:, 1:])  # (N, A, G)
        free = np.ones((*shape, objects), np.bool_)
        lengths = np.array([len(rows) for _, rows in cells])
        for d in range(most):
            n = int(np.count_nonzero(lengths > d))
            _take(overlaps[:n, d], crowd[:n], out[:n], free[:n], found[:n, :, :, d], ignored[:n, :, :, d])
    return [
        _Matched(rows, found[n, :, :, : len(rows)], ignored[n, :, :, : len(rows)]) for n, (_, rows) in enumerate(cells)
    ]


def _take(overlap: Floats, crowd: Flags, out: Flags, free: Flags, found: Flags, ignored: Flags) -> None:
    """Give one detection of each of n cells its object: enter it in ``found`` and ``ignored``, take it from ``free``.

    ``overlap`` and ``crowd`` are ``(n, G)``, ``out`` ``(n, A, G)`` are the objects that do not count, ``free`` ``(n, A,
    T, G)``.
    """
    least = np.minimum(THRESHOLDS, _ALMOST_ONE)[:, None]
    possible = (free | crowd[:, None, None]) & (overlap[:, None, None] >= least)
    counted = possible & ~out[:, :, None]
    chosen = np.where(counted.any(axis=3, keepdims=True), counted, possible)
    # From the back, so that of equal overlaps the later object is taken.
    best = overlap.shape[1] - 1 - np.where(chosen, overlap[:, None, None], -1.0)[..., ::-1].argmax(axis=3)
    n, a, t = np.nonzero(chosen.any(axis=3))
    taken = best[n, a, t]
    found[n, a, t] = True
    ignored[n, a, t] = out[n, a, taken]
    free[n, a, t, taken] = False


def _ranked(cells: Sequence[tuple[Overlaps, _Matched]], place: Mapping[int, int]) -> list[Ranked]:
    """Return the ranked detections of one class for each area range."""
    score = np.concatenate([np.zeros(0), *(cell.scores for cell, _ in cells)])
    area = np.concatenate([np.zeros(0), *(cell.areas for cell, _ in cells)])
    owner = np.repeat([place[cell.image] for cell, _ in cells], [len(cell.scores) for cell, _ in cells]).astype(
        np.int64
    )
    starts = np.cumsum([0, *(len(cell.scores) for cell, _ in cells)])
    found = np.zeros((len(AREAS), len(THRESHOLDS), len(score)), np.bool_)
    ignored = np.repeat(((area < AREAS[:, :1]) | (area > AREAS[:, 1:]))[:, None], len(THRESHOLDS), axis=1)
    objects = np.zeros((len(AREAS), len(place)), np.int64)
    for start, (cell, matched) in zip(starts, cells, strict=False):
        columns = start + matched.rows
        found[:, :, columns] = matched.found
        ignored[:, :, columns] = np.where(matched.found, matched.ignored, ignored[:, :, columns])
        size = cell.true_areas
        counted = ~cell.crowd & (size >= AREAS[:, :1]) & (size <= AREAS[:, 1:])
        objects[:, place[cell.image]] += counted.sum(axis=1)
    order = np.argsort(-score, kind="stable")
    ranked = []
    for a in range(len(AREAS)):
        kept = order[~ignored[a][:, order].all(axis=0)]
        counted = ~ignored[a][:, kept]
        ranked.append(Ranked(owner[kept], score[kept], found[a][:, kept] & counted, counted, objects[a]))
    return ranked
