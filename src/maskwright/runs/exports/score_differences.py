"""The scores of a model and its export on annotated images, and the paired bootstrap interval of their difference."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.errors import DataError
from maskwright.evaluation.bootstrap import (
    BootstrapEstimate,
    bootstrap_estimate,
    bootstrap_weights,
    defined_mean,
    ratio,
    with_original_sample,
)
from maskwright.evaluation.coco.truth import truth_of
from maskwright.evaluation.instances.scores import coco_estimates
from maskwright.evaluation.semantic.label_names import LabelRemapper, label_names
from maskwright.evaluation.semantic.summary import LabelMapPair, count_label_maps
from maskwright.structures import ClassTable, Instances, LabelMap, ResultRecord

_SAMPLES, _SEED, _LEVEL = 1000, 0, 0.95

Pair = tuple[Instances | LabelMap, Instances | LabelMap]


def score_differences(truth: CocoDataset, results: Mapping[str, Pair], classes: ClassTable) -> dict[str, Any]:
    """Return the scores of two models on ``truth`` by name: ``{"model", "export", "difference", "low", "high"}``.

    ``results`` has what the model and the export found in each image, by file name, in ``classes``: label maps, which
    give ``mIoU``, or objects, which give ``segm AP`` and ``bbox AP``. The interval is that of the difference at 95 %:
    both are scored on the same 1,000 samples of the images. A score that is undefined is None.

    Raises ``DataError`` when no class is one of the truth's.
    """
    if not set(classes.names) & set(truth.classes.names):
        raise DataError(
            f"{truth.coco.path}: has none of the classes {', '.join(classes.names[:5])}; expected the model's, by "
            "name. Give --images alone to compare without scores."
        )
    draws = bootstrap_weights(len(truth), _SAMPLES, _SEED)
    instances = isinstance(next(iter(results.values()))[0], Instances)
    estimates = _average_precision if instances else _mean_iou
    one, other = (estimates(truth, {name: pair[i] for name, pair in results.items()}, classes, draws) for i in (0, 1))
    return {name: _paired(one[name], other[name]) for name in one}


def _paired(model: BootstrapEstimate, export: BootstrapEstimate) -> dict[str, float | None]:
    interval = export.minus(model).interval(_LEVEL)
    ends = {"low": interval["low"], "high": interval["high"]}
    return {"model": model.value, "export": export.value, "difference": interval["value"], **ends}


def _mean_iou(
    truth: CocoDataset, found: Mapping[str, Any], classes: ClassTable, draws: npt.NDArray[np.int64]
) -> dict[str, BootstrapEstimate]:
    labels = LabelRemapper(label_names(truth.coco.path, truth.classes), label_names("the model", classes), ())
    counts = np.stack(
        [
            count_label_maps(LabelMapPair(each.label_map(), found[each.name], each.name, each.name), labels, False)[0]
            for each in truth
        ]
    )
    summed = np.tensordot(with_original_sample(draws), counts, axes=1)
    # The last row has the ignored pixels, and the last column those of classes that the truth has not.
    hits = np.diagonal(summed, axis1=1, axis2=2)[:, :-1].astype(np.float64)
    union = summed[:, :-1].sum(axis=2) + summed[:, :-1, :-1].sum(axis=1) - hits
    return {"mIoU": bootstrap_estimate(defined_mean(ratio(hits, union), axis=1))}


def _average_precision(
    truth: CocoDataset, found: Mapping[str, Any], classes: ClassTable, draws: npt.NDArray[np.int64]
) -> dict[str, BootstrapEstimate]:
    true = truth_of(truth.coco)
    true.draw_masks()
    ids = {name: category_id for category_id, name in true.names.items()}
    category_ids = {each.index: ids[each.name] for each in classes if each.name in ids}
    records: list[ResultRecord] = []
    for image in true.images:
        for record in found[image["file_name"]].to_coco(image["id"]):
            if record["category_id"] in category_ids:
                record["category_id"] = category_ids[record["category_id"]]
                records.append(record)
    overall = coco_estimates(true.coco_dataset("bbox"), records, draws, 0.5, boundary=False).overall
    return {f"{kind} AP": overall[f"{kind}_AP"] for kind in ("segm", "bbox")}
