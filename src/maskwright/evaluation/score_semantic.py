"""Semantic scores of label maps in memory: the numbers of ``maskwright score semantic`` without files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.errors import DataError, UsageError, nearest, some_of
from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.semantic.label_names import LabelNames, LabelRemapper, label_names
from maskwright.evaluation.semantic.summary import LabelMapPair, count_label_maps, summarise_semantic
from maskwright.structures import ClassTable, CrowdRule, LabelMap, OverlapRule

# The name of the predictions in messages.
_SOURCE = "predictions"


def score_semantic(
    truth: CocoDataset | Mapping[str, LabelMap],
    predictions: Mapping[str, LabelMap],
    *,
    classes: ClassTable | Sequence[str] | None = None,
    prediction_classes: ClassTable | Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    ignore_index: int | None = None,
    boundary: bool = False,
    intervals: bool = False,
    overlap: OverlapRule | None = None,
    crowd: CrowdRule = "ignore",
) -> dict[str, Any]:
    """Compute mIoU, Dice, accuracy and precision of predicted label maps in memory.

    The scores come from one confusion matrix over all pixels of all images; they are not means over images. They equal
    those of ``maskwright score semantic`` for folders of the same label maps.

    Args:
        truth: A data set, whose label maps are drawn, or true label maps ``(H, W)`` of integers by name.
        predictions: Predicted label maps ``(H, W)`` of integers by the names of the truth: file names for a data set.
        classes: The classes of the true labels: a class table, where label 0 is background, or the names of the labels
            from 0 on. By default those of the data set.
        prediction_classes: The classes of the predicted labels, which meet the truth's by name. By default those of the
            truth.
        ignore: Names of classes whose true pixels do not count.
        ignore_index: Label of true pixels that do not count. By default 255, or 65535 when there are more than 255
            labels.
        boundary: Compute boundary IoU as well, which takes several times as long.
        intervals: Compute 95 % bootstrap intervals over images too, from a thousand samples.
        overlap: Which object gets a pixel that several of the data set's objects cover, see ``Sample.label_map``.
        crowd: How crowd regions of the data set are drawn, see ``Sample.label_map``.

    Returns:
        What ``score semantic --json`` prints: ``mIoU mean_dice mean_accuracy mean_precision pixel_accuracy``,
        ``classes`` by name with ``IoU Dice accuracy precision recall``, ``confusion``, ``protocol``, ``images`` and
        ``remarks``. With ``intervals`` there are ``intervals`` of the same form, ``{value, low, high}`` each. With
        ``boundary`` there are ``boundary_mIoU`` and, by class, ``boundary_IoU`` as well. A score is
        None where there is nothing to divide by, such as the IoU of a class that occurs neither in truth nor in
        prediction.

    Raises:
        UsageError: The labels of the truth have no names, ``ignore`` has an unknown name or every name, or a label map
            is no ``(H, W)`` array of integers.
        DataError: The truth has no image, an image has no prediction or one of another size, a label has no name or is
            not in 0..65535, class names repeat, or truth and predictions share no class.

    Example:
        >>> from maskwright import CocoDataset, score_semantic
        >>> data = CocoDataset.open("labels.json")
        >>> perfect = {sample.name: sample.label_map() for sample in data}
        >>> score_semantic(data, perfect)["mIoU"]
        1.0
    """
    if classes is None:
        if not isinstance(truth, CocoDataset):
            raise UsageError("The labels have no names; expected them as classes, a ClassTable or names from label 0.")
        classes = truth.classes
    named = label_names("classes", classes, ignore_index)
    predicted: LabelNames | None = None
    if prediction_classes is not None:
        predicted = label_names("prediction_classes", prediction_classes, ignore_index)
    labels = LabelRemapper(named, predicted, ignore)
    names = truth.names if isinstance(truth, CocoDataset) else list(truth)
    _require_predictions(names, predictions)
    pairs = _pairs(_label_maps(truth, overlap, crowd), predictions)
    counted = (count_label_maps(pair, labels, boundary) for pair in pairs)
    without_truth = sorted(predictions.keys() - set(names))
    resampling = Resampling() if intervals else None
    return summarise_semantic(counted, labels, boundary, without_truth, _SOURCE, resampling).to_json()


def _label_maps(
    truth: CocoDataset | Mapping[str, LabelMap], overlap: OverlapRule | None, crowd: CrowdRule
) -> Iterator[tuple[str, LabelMap]]:
    if isinstance(truth, CocoDataset):
        return ((sample.name, sample.label_map(overlap, crowd)) for sample in truth)
    return iter(truth.items())


def _pairs(truth: Iterator[tuple[str, LabelMap]], predictions: Mapping[str, LabelMap]) -> Iterator[LabelMapPair]:
    for name, labels in truth:
        true, found = f"truth '{name}'", f"prediction '{name}'"
        yield LabelMapPair(_label_map(labels, true), _label_map(predictions[name], found), true, found)


def _label_map(labels: Any, source: str) -> LabelMap:
    """Return ``labels`` as an array ``(H, W)``; raise when they are no integers of 0..65535."""
    found = np.asarray(labels)
    if found.ndim != 2 or not np.issubdtype(found.dtype, np.integer):
        raise UsageError(
            f"The {source} has the shape {found.shape} and the type {found.dtype}; expected a label map (H, W) of "
            "integers. Score instances with score_instances."
        )
    if found.size and not (found.min() >= 0 and found.max() < 2**16):
        raise DataError(f"The {source} has labels from {found.min()} to {found.max()}; expected 0 to 65535.")
    return found


def _require_predictions(names: Sequence[str], predictions: Mapping[str, LabelMap]) -> None:
    """Raise ``DataError`` for images without a prediction, because scores over the rest would be too high."""
    missing = sorted(set(names) - predictions.keys())
    if not names:
        raise DataError("The truth has no image; expected one at least.")
    if missing:
        close = nearest(missing[0], predictions, count=1)
        hint = f" Nearest to '{missing[0]}': {close[0]}." if close else ""
        some = some_of(missing, 5)
        raise DataError(
            f"{len(missing)} of {len(names)} images of the truth have no prediction ({some}); expected a label map for "
            f"each. Predict them too, or remove them from the truth.{hint}"
        )
