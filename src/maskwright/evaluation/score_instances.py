"""Instance scores of predictions in memory: the numbers of ``maskwright score instance`` without files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.errors import UsageError, some_of
from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.coco.detection_limit import require_limit
from maskwright.evaluation.coco.truth import truth_of
from maskwright.evaluation.instances.details import Thresholds
from maskwright.evaluation.instances.summary import ResultClasses, require_thresholds, summarise_instances
from maskwright.evaluation.results.classes import CLASSES_FILE, index_by_name
from maskwright.evaluation.results.masks import CompressedRle
from maskwright.evaluation.results.prediction_classes import require_same_classes, with_one_class_table
from maskwright.evaluation.results.records import UsualRecord, checked_results
from maskwright.progress import Reporter
from maskwright.structures import AreaRule, ClassTable, Instances

# The name of the predictions in messages.
_SOURCE = Path("predictions")


def score_instances(
    truth: CocoDataset,
    predictions: Mapping[str, Instances],
    *,
    prediction_classes: ClassTable | None = None,
    score: float = 0.5,
    iou: float = 0.5,
    details: bool = True,
    boundary: bool = False,
    area: AreaRule | None = None,
    intervals: bool = False,
    max_dets: int | None = None,
    reporter: Reporter | None = None,
) -> dict[str, Any]:
    """Compute COCO AP and AR and the detailed instance scores of predictions in memory.

    The numbers equal those of ``maskwright score instance`` to the last bit, when the predictions are written as COCO
    results with the ``classes.json`` of their classes beside them.

    Args:
        truth: The data set with the true objects. Crowd regions count neither for nor against a prediction.
        predictions: The predicted instances of each image, by file name. An image without an entry counts as one with
            no detection. The classes that predictions carry, as those of a model do, are matched with the truth's by
            name; they may differ from image to image.
        prediction_classes: The class table of predictions that carry none, matched by name too. By default their
            labels are indices of ``truth.classes``.
        score: Confidence threshold, 0 to 1: detections of at least this score count for the details. TIDE errors,
            calibration and the COCO statistics use all detections.
        iou: IoU threshold, above 0 and at most 1, at which a detection finds an object; for the details only. TIDE
            errors use 0.5.
        details: Compute the details as well: overlaps, TIDE errors, confusions, calibration, the worst images.
        boundary: Compute boundary IoU as well, the slowest of the details.
        area: How the size of a detected mask is measured for APs, APm and APl: ``mask`` (its pixels, as in Detectron2
            and in runs) or ``box``. By default as in pycocotools, which takes the box where predictions have one, as
            :class:`Instances` always do.
        intervals: Compute 95 % bootstrap intervals over images of AP too, from a thousand samples.
        max_dets: Compute AP and AR with so many detections of a class on an image too, not COCO's 100: under
            ``max_dets``.
        reporter: Shows progress on standard error; quiet by default.

    Returns:
        What ``score instance --json`` prints: ``bbox`` and ``segm`` with ``AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs
        ARm ARl``, ``classes`` by name, ``area`` (the rule that was used), ``protocol``, the details by topic,
        ``intervals`` where they are computed, ``results`` and ``truth`` with the numbers of records found, used and
        rejected, and ``remarks``. A score is None
        where there is no truth to measure against.

    Raises:
        UsageError: A prediction is no :class:`Instances`, carries other classes than ``prediction_classes``, a
            threshold or the limit is out of range, or an area rule is unknown.
        DataError: The data set has no image, the predictions share no class with the truth, a predicted class is the
            name of two categories of the truth, or no predicted object can be scored, because its image is unknown or
            its mask has another size than the image.

    Example:
        >>> from maskwright import CocoDataset, score_instances
        >>> data = CocoDataset.open("labels.json")
        >>> perfect = {sample.name: sample.instances for sample in data}
        >>> scores = score_instances(data, perfect)
        >>> scores["segm"]["AP"], scores["bbox"]["AP"]
        (1.0, 1.0)
    """
    thresholds = Thresholds(score, iou)
    require_thresholds(thresholds)
    require_limit(max_dets)
    _require_instances(predictions)
    true = truth_of(truth.coco)
    if prediction_classes is not None:
        require_same_classes(predictions, prediction_classes)
    default = truth.classes if prediction_classes is None else prediction_classes
    table, predictions = with_one_class_table(predictions, default)
    source = "predictions" if prediction_classes is None else "prediction_classes"
    index = index_by_name(source, {c.index: c.name for c in table}, true.names)
    images = true.image_index()
    found = checked_results(_SOURCE, _records(predictions), images, index)
    classes = ResultClasses(index, f"those of {CLASSES_FILE}, matched by name", source)
    quiet = reporter or Reporter(quiet=True)
    resampling = Resampling() if intervals else None
    summary = summarise_instances(
        true, found, classes, thresholds if details else None, boundary, quiet, area, resampling, max_dets
    )
    predicted = {images.find(0, name) for name in predictions}
    missing = [name for image_id, name in true.file_names().items() if image_id not in predicted]
    return {**summary.scores, "remarks": [*summary.remarks, *_without_prediction(missing, len(true.images))]}


def _records(predictions: Mapping[str, Instances]) -> Iterator[UsualRecord]:
    """Yield the records that a COCO results file of the ``predictions`` would hold."""
    for name, found in predictions.items():
        for each in found.to_coco(0, name):
            mask = each["segmentation"]
            yield UsualRecord(
                image_id=each["image_id"],
                category_id=each["category_id"],
                score=each["score"],
                bbox=each["bbox"],
                segmentation=CompressedRle(size=mask["size"], counts=mask["counts"]),
                file_name=name,
            )


def _require_instances(predictions: Mapping[str, Any]) -> None:
    for name, found in predictions.items():
        if not isinstance(found, Instances):
            raise UsageError(
                f"The prediction for '{name}' is of type {type(found).__name__}; expected Instances. Score label "
                "maps with score_semantic."
            )


def _without_prediction(names: list[str], images: int) -> list[str]:
    if not names:
        return []
    some = some_of(names, 5)
    return [f"{_SOURCE}: {len(names)} of {images} images have no prediction and count as empty ({some})."]
