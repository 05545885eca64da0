"""Panoptic scores of maps in memory: the numbers of ``maskwright score panoptic`` without files."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from maskwright.errors import DataError, UsageError, nearest, some_of
from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.panoptic.classes import classes_of_tables
from maskwright.evaluation.panoptic.findings import PanopticFindings
from maskwright.evaluation.panoptic.summary import match_image, summarise_panoptic
from maskwright.structures import ClassTable, PanopticMap

# The name of the predictions in messages.
_SOURCE = "predictions"


def score_panoptic(
    truth: Mapping[str, PanopticMap],
    predictions: Mapping[str, PanopticMap],
    *,
    classes: ClassTable | Sequence[str],
    stuff: Sequence[str] = (),
    prediction_classes: ClassTable | Sequence[str] | None = None,
    intervals: bool = False,
) -> dict[str, Any]:
    """Compute panoptic quality (PQ), segmentation quality (SQ) and recognition quality (RQ) of maps in memory.

    The scores equal those of ``maskwright score panoptic`` for files of the same maps.

    Args:
        truth: True panoptic maps by name.
        predictions: Predicted panoptic maps by the names of the truth.
        classes: The classes of the true labels: a class table, or names from label 1 on.
        stuff: Names of the classes that are stuff; the others are things.
        prediction_classes: The classes of the predicted labels, which meet the truth's by name. By default those of the
            truth.
        intervals: Compute 95 % bootstrap intervals over images too, from a thousand samples.

    Returns:
        What ``score panoptic --json`` prints: ``PQ SQ RQ`` over all classes, the same in ``things`` and ``stuff``,
        ``classes`` by name with the same and ``thing matched wrong missed``, ``images``, ``protocol``,
        ``intervals`` where they are computed, and ``remarks``.
        A score is None where there is no segment to measure.

    Raises:
        UsageError: A map is no :class:`PanopticMap` of an ``(H, W)`` array of integers, or a name in ``stuff`` is no
            class.
        DataError: The truth has no image, an image has no prediction or one of another size, or the segments of a map
            are not those of its pixels.

    Example:
        >>> import numpy as np
        >>> from maskwright import PanopticMap, PanopticSegment, score_panoptic
        >>> street = PanopticMap(np.array([[1, 1], [1, 2]]), (PanopticSegment(1, 1), PanopticSegment(2, 2)))
        >>> scores = score_panoptic({"a": street}, {"a": street}, classes=["road", "car"], stuff=["road"])
        >>> scores["PQ"], scores["things"]["PQ"]
        (1.0, 1.0)
    """
    tables = [_table(each) for each in (classes, prediction_classes)]
    if tables[0] is None:
        raise UsageError("The labels have no names; expected them as classes, a ClassTable or names from label 1.")
    meaning = classes_of_tables(tables[0], stuff, tables[1], _SOURCE)
    _require_predictions(truth, predictions)
    for kind, maps in (("truth", truth), ("prediction", predictions)):
        for name, found in maps.items():
            _require_map(f"{kind} '{name}'", found)
    findings = PanopticFindings()
    findings.add_all("no_truth", (f"'{name}'" for name in predictions if name not in truth))
    matched = (
        match_image(true, predictions[name], meaning, (f"truth '{name}'", f"prediction '{name}'"))
        for name, true in truth.items()
    )
    resampling = Resampling() if intervals else None
    return summarise_panoptic(matched, meaning, findings, _SOURCE, resampling).to_json()


def _table(classes: ClassTable | Sequence[str] | None) -> ClassTable | None:
    return classes if classes is None or isinstance(classes, ClassTable) else ClassTable.from_names(classes)


def _require_map(source: str, found: Any) -> None:
    """Raise ``UsageError`` unless ``found`` is a map of ids ``(H, W)`` that are whole numbers from 0."""
    if not isinstance(found, PanopticMap):
        raise UsageError(f"The {source} is of type {type(found).__name__}; expected a PanopticMap.")
    ids = found.ids
    if ids.ndim != 2 or not ids.size or not np.issubdtype(ids.dtype, np.integer):
        raise UsageError(f"The {source} has ids of shape {ids.shape} and type {ids.dtype}; expected integers (H, W).")


def _require_predictions(truth: Mapping[str, PanopticMap], predictions: Mapping[str, PanopticMap]) -> None:
    """Raise ``DataError`` for images without a prediction, because scores over the rest would be too high."""
    missing = sorted(truth.keys() - predictions.keys())
    if not truth:
        raise DataError("The truth has no image; expected one at least.")
    if missing:
        close = nearest(missing[0], predictions, count=1)
        hint = f" Nearest to '{missing[0]}': {close[0]}." if close else ""
        raise DataError(
            f"{len(missing)} of {len(truth)} images of the truth have no prediction ({some_of(missing)}); expected a "
            f"panoptic map for each. Predict them too, or remove them from the truth.{hint}"
        )
