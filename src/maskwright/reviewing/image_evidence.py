"""The objects and detections of one image, how they overlap, and which of them find each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from hotcoco import mask as coco_mask

from maskwright.errors import DataError
from maskwright.evaluation.coco.truth import CocoTruth
from maskwright.evaluation.instances.pairwise_iou import pairwise_iou
from maskwright.evaluation.results.records import Results
from maskwright.evaluation.semantic.boundary import boundary_iou, boundary_width
from maskwright.limits import beyond_limit, input_limit
from maskwright.masks.cropped import crop_masks
from maskwright.reviewing.twins import Floats, Ints, find_twins
from maskwright.structures import ImageRecord, ResultRecord, Rle, TruthRecord

# The IoU from which on a detection finds an object, as in COCO's AP50.
FINDS = 0.5

# As many detections of an image count for COCO's AP, of each class.
_MOST_DETECTIONS = 100


@dataclass(frozen=True)
class ImageEvidence:
    """The G objects without crowds and the D most confident detections of the image at ``position``, by falling score.

    ``objects`` ``(G,)`` and ``found`` ``(D,)`` are positions in the truth's annotations and in the results.
    ``labels`` ``(G,)`` and ``classes`` ``(D,)`` are category ids, ``scores`` ``(D,)``, ``areas`` ``(G,)`` and
    ``found_areas`` ``(D,)`` pixels. ``ious`` ``(D, G)`` are of masks where truth and results have them, else of boxes;
    ``twin`` ``(G,)`` and ``twin_ious`` ``(G,)`` are those of :func:`~maskwright.reviewing.twins.find_twins`;
    ``found_ious`` ``(D, D)`` are those of detections. ``in_crowd`` ``(D,)`` is the share of a detection that lies on a
    crowd region of its class. ``match`` ``(D,)`` is the object that a detection finds by COCO's rule, -1 for none, and
    ``matched_agreement`` ``(G,)`` the :meth:`agreement` of each object with what finds it, 0 without.
    """

    position: int
    objects: Ints
    found: Ints
    labels: Ints
    classes: Ints
    scores: Floats
    areas: Floats
    found_areas: Floats
    ious: Floats
    twin: Ints
    twin_ious: Floats
    found_ious: Floats
    in_crowd: Floats
    match: Ints
    matched_agreement: Floats
    _masks: "_Masks | None"

    @property
    def same(self) -> npt.NDArray[np.bool_]:
        """Whether detection and object are of one class ``(D, G)``."""
        return self.classes[:, None] == self.labels[None, :]

    @property
    def matched_by(self) -> Ints:
        """The detection that finds each object ``(G,)``, -1 for none."""
        found = np.full(len(self.objects), -1, np.int64)
        pairs = np.flatnonzero(self.match >= 0)
        found[self.match[pairs]] = pairs
        return found

    def agreement(self, detection: int, number: int) -> float:
        """Return the smaller of IoU and boundary IoU of a detection and the object ``number``; of boxes their IoU.

        Computed for one pair after the other: those of all pairs would take longer than all else.
        """
        iou = float(self.ious[detection, number])
        return iou if self._masks is None else min(iou, self._masks.boundary_iou(detection, number))

    def shares(self, of_objects: bool = False) -> Floats:
        """Return the share of each detection that lies on each object ``(D, G)``, or of the object on the detection."""
        whole = self.areas[None, :] if of_objects else self.found_areas[:, None]
        return _intersections(self.ious, self.found_areas, self.areas) / np.maximum(whole, 1e-9)


@dataclass(frozen=True)
class _Masks:
    """The RLEs of the detections and of the objects of an image, and the ``width`` of their boundaries in pixels."""

    found: Sequence[Rle]
    objects: Sequence[Rle]
    width: int

    def boundary_iou(self, detection: int, number: int) -> float:
        """Return the boundary IoU of a detection and the object ``number``."""
        found, true = crop_masks([self.found[detection], self.objects[number]])
        return boundary_iou(true, found, self.width)


def _intersections(ious: Floats, one: Floats, other: Floats) -> Floats:
    return ious * (one[:, None] + other[None, :]) / (1 + ious)


def evidence_of_images(truth: CocoTruth, results: Results) -> Iterator[ImageEvidence]:
    """Yield the evidence of each image of ``truth``, whose masks are drawn, from ``results`` in its category ids.

    Raises ``DataError`` for more on an image than the limits ``scored-pairs`` and ``compared-runs``.
    """
    kind = "segm" if truth.has_masks and results.has_masks else "bbox"
    key = "segmentation" if kind == "segm" else "bbox"
    objects, found = _positions(truth.annotations, key), _positions(results.records, key)
    for position, image in enumerate(truth.images):
        mine = objects.get(image["id"], [])
        crowds = [truth.annotations[i] for i in mine if truth.annotations[i]["iscrowd"]]
        real = [i for i in mine if not truth.annotations[i]["iscrowd"]]
        ordered = sorted(found.get(image["id"], []), key=lambda i: -results.records[i]["score"])[:_MOST_DETECTIONS]
        detections = [results.records[i] for i in ordered]
        if len(real) * len(detections) > input_limit("scored-pairs"):
            raise DataError(
                f"{truth.path}: image {image['id']} has {len(real):,} objects and {len(detections):,} detections; "
                f"{beyond_limit('scored-pairs')}"
            )
        yield _evidence(position, image, real, [truth.annotations[i] for i in real], crowds, ordered, detections, kind)


def _positions(records: Sequence[TruthRecord] | Sequence[ResultRecord], key: str) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for position, each in enumerate(records):
        if key in each:
            found.setdefault(each["image_id"], []).append(position)
    return found


def _evidence(
    position: int,
    image: ImageRecord,
    objects: Sequence[int],
    real: list[TruthRecord],
    crowds: list[TruthRecord],
    found: Sequence[int],
    detections: list[ResultRecord],
    kind: str,
) -> ImageEvidence:
    labels = np.array([each["category_id"] for each in real], np.int64)
    classes = np.array([each["category_id"] for each in detections], np.int64)
    ious = pairwise_iou(detections, real, kind, [False] * len(real))
    areas = _areas(real, kind)
    twin, twin_ious = find_twins(real, labels, areas, kind)
    on_crowd = pairwise_iou(detections, crowds, kind, [True] * len(crowds))
    on_crowd *= classes[:, None] == np.array([each["category_id"] for each in crowds], np.int64)[None, :]
    masks = None
    if kind == "segm":
        masks = _Masks(
            [each["segmentation"] for each in detections],
            [each["segmentation"] for each in real],
            boundary_width((image["height"], image["width"])),
        )
    evidence = ImageEvidence(
        position,
        np.array(objects, np.int64),
        np.array(found, np.int64),
        labels,
        classes,
        np.array([each["score"] for each in detections], np.float64),
        areas,
        _areas(detections, kind),
        ious,
        twin,
        twin_ious,
        pairwise_iou(detections, _as_truth(detections), kind, [False] * len(detections)),
        on_crowd.max(axis=1, initial=0.0),
        _matches(np.where(classes[:, None] == labels[None, :], ious, 0.0)),
        np.zeros(len(real)),
        masks,
    )
    finders = evidence.matched_by
    agreed = [evidence.agreement(d, g) if d >= 0 else 0.0 for g, d in enumerate(finders.tolist())]
    return replace(evidence, matched_agreement=np.array(agreed, np.float64))


def _as_truth(records: Sequence[ResultRecord]) -> list[TruthRecord]:
    return [{**each, "id": 0, "area": 0.0, "iscrowd": 0} for each in records]  # type: ignore[misc]


def _areas(records: Sequence[TruthRecord] | Sequence[ResultRecord], kind: str) -> Floats:
    if kind == "segm":
        return np.array([float(coco_mask.area(each["segmentation"])) for each in records], np.float64)
    return np.array([each["bbox"][2] * each["bbox"][3] for each in records], np.float64)


def _matches(same: Floats) -> Ints:
    """Return the object that each detection finds ``(D,)``: the free one of highest IoU, for one after the other."""
    free, match = same.copy(), np.full(len(same), -1, np.int64)
    for row in range(len(free)):
        if free.shape[1] and free[row].max() >= FINDS:
            match[row] = int(free[row].argmax())
            free[:, match[row]] = 0.0
    return match
