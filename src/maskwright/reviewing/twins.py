"""The search for two labels on one object: of each object the earlier one of its class that it overlaps most."""

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from maskwright.errors import DataError
from maskwright.evaluation.grouping import places_by_value
from maskwright.evaluation.instances.pairwise_iou import pairwise_iou
from maskwright.limits import beyond_limit, input_limit
from maskwright.masks.label_map import boxes_of
from maskwright.masks.run_lengths import run_count
from maskwright.structures import ResultRecord, TruthRecord

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Labels of less IoU are on different objects.
LEAST_IOU = 0.5

# Objects that are compared with all that share columns or rows with one of them.
_AT_ONCE = 64
_FEWEST_RUNS = 5


def find_twins(objects: Sequence[TruthRecord], labels: Ints, areas: Floats, iou_type: str) -> tuple[Ints, Floats]:
    """Return the twin of each of the ``objects`` of one image ``(G,)``, -1 for none, and their IoU ``(G,)``.

    The twin is the earlier object of the same class of highest IoU, where that is at least ``LEAST_IOU``; of equal ones
    the first. ``labels`` ``(G,)`` are category ids, ``areas`` ``(G,)`` pixels. The IoU is that of masks (``segm``,
    RLEs) or of boxes (``bbox``, xywh pixels).

    Raises ``DataError`` when objects of a class that share columns or rows have more mask runs in all pairs than the
    limit ``compared-runs``. Objects that are alike count once.
    """
    twin, overlap = np.full(len(objects), -1, np.int64), np.zeros(len(objects))
    boxes, runs = _boxes(objects, iou_type), _runs(objects, iou_type)
    work = 0
    for mine in places_by_value(labels).values():
        different = _without_repeated(mine[areas[mine] > 0], objects, iou_type, twin, overlap)
        if len(different) < 2:
            continue
        work_along = [_work(boxes[different][:, axis::2], runs[different]) for axis in (0, 1)]
        axis = int(np.argmin(work_along))
        work += work_along[axis]
        if work > input_limit("compared-runs"):
            raise DataError(
                f"image {objects[0]['image_id']}: {len(objects):,} objects, of which those of a class that may lie on "
                f"one another have {work:,} mask runs or more in all pairs; {beyond_limit('compared-runs')}"
            )
        _compare(different, axis, objects, boxes, areas, iou_type, twin, overlap)
    return twin, overlap


def _boxes(objects: Sequence[TruthRecord], iou_type: str) -> Floats:
    """Return the boxes that the shapes lie in, as corners ``(G, 4)``: left, top, right, bottom."""
    sides = boxes_of([each["segmentation"] for each in objects]) if iou_type == "segm" else [e["bbox"] for e in objects]
    boxes = np.array(sides, np.float64).reshape(-1, 4)
    return np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])


def _without_repeated(mine: Ints, objects: Sequence[TruthRecord], iou_type: str, twin: Ints, overlap: Floats) -> Ints:
    """Return the first of each group of equal shapes among ``mine``, and enter it as the twin of the others."""
    first: dict[Hashable, int] = {}
    for place in mine.tolist():
        earlier = first.setdefault(_shape(objects[place], iou_type), place)
        if earlier != place:
            twin[place], overlap[place] = earlier, 1.0
    return np.array(list(first.values()), np.int64)


def _shape(each: TruthRecord, iou_type: str) -> Hashable:
    return each["segmentation"]["counts"] if iou_type == "segm" else tuple(each["bbox"])


def _runs(objects: Sequence[TruthRecord], iou_type: str) -> Ints:
    """Return the runs of each mask ``(G,)``. Fewer than ``_FEWEST_RUNS`` take as long, and so does a box."""
    if iou_type == "bbox":
        return np.full(len(objects), _FEWEST_RUNS)
    return np.array([max(_FEWEST_RUNS, run_count(each["segmentation"])) for each in objects], np.int64)


def _work(spans: Floats, runs: Ints) -> int:
    """Return the ``runs`` ``(N,)`` of all pairs whose ``spans`` ``(N, 2)``, from and to, overlap."""
    begins, ends = np.sort(spans[:, 0]), np.sort(spans[:, 1])
    before = np.searchsorted(ends, spans[:, 0], side="right")
    after = len(spans) - np.searchsorted(begins, spans[:, 1], side="left")
    return int((runs * (len(spans) - 1 - before - after)).sum())


def _compare(
    mine: Ints, axis: int, objects: Sequence[TruthRecord], boxes: Floats, areas: Floats, iou_type: str, twin: Ints,
    overlap: Floats,
) -> None:  # fmt: skip
    """Enter the twins of ``mine``, objects of one class; those that are apart along ``axis`` are not compared."""
    order = mine[np.argsort(boxes[mine, axis], kind="stable")]
    begins = boxes[order, axis]
    for start in range(0, len(order), _AT_ONCE):
        rows = np.sort(order[start : start + _AT_ONCE])
        end = int(np.searchsorted(begins, boxes[rows, axis + 2].max()))
        columns = np.sort(order[start:end])
        possible = _possible(boxes[rows], areas[rows], boxes[columns], areas[columns])
        possible &= rows[:, None] != columns[None, :]
        columns, possible = columns[possible.any(axis=0)], possible[:, possible.any(axis=0)]
        rows, possible = rows[possible.any(axis=1)], possible[possible.any(axis=1)]
        if not possible.size:
            continue
        found = [_as_result(objects[i]) for i in rows]
        ious = pairwise_iou(found, [objects[i] for i in columns], iou_type, [False] * len(columns))
        ious = np.where(possible & (ious >= LEAST_IOU), ious, 0.0)
        earlier = columns[None, :] < rows[:, None]
        _enter(rows, columns, np.where(earlier, ious, 0.0), twin, overlap)
        _enter(columns, rows, np.where(earlier, 0.0, ious).T, twin, overlap)


def _possible(boxes: Floats, areas: Floats, others: Floats, other_areas: Floats) -> npt.NDArray[np.bool_]:
    """Return whether each shape ``(R,)`` and each other one ``(C,)`` can have ``LEAST_IOU``: ``(R, C)``.

    They share no more than either has, and no more than their boxes share.
    """
    shared = np.minimum(areas[:, None], other_areas[None, :])
    sides = [
        np.minimum(boxes[:, None, a + 2], others[None, :, a + 2]) - np.maximum(boxes[:, None, a], others[None, :, a])
        for a in (0, 1)
    ]
    shared = np.minimum(shared, np.maximum(sides[0], 0.0) * np.maximum(sides[1], 0.0))
    return shared >= 0.999 * LEAST_IOU * (areas[:, None] + other_areas[None, :] - shared)


def _enter(places: Ints, others: Ints, ious: Floats, twin: Ints, overlap: Floats) -> None:
    """Enter the best of ``others`` ``(C,)``, in rising order, for each of ``places`` ``(R,)`` where it is better."""
    best = ious.argmax(axis=1)
    value, other = ious[np.arange(len(places)), best], others[best]
    better = (value > overlap[places]) | ((value == overlap[places]) & (value > 0) & (other < twin[places]))
    twin[places[better]], overlap[places[better]] = other[better], value[better]


def _as_result(record: TruthRecord) -> ResultRecord:
    return {**record, "score": 1.0}  # type: ignore[misc]
