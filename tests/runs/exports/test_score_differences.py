"""Scores of two models: those of the scoring functions, and intervals of what is paired."""

from pathlib import Path

import numpy as np
import pytest

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.errors import DataError
from maskwright.evaluation.score_instances import score_instances
from maskwright.evaluation.score_semantic import score_semantic
from maskwright.runs.exports.score_differences import score_differences
from maskwright.structures import ClassTable, Instances
from maskwright.synthetic.shapes import write_shapes


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> CocoDataset:
    return CocoDataset.open(write_shapes(tmp_path_factory.mktemp("shapes"), 8))


def without_some(found: Instances) -> Instances:
    """Every second object, with scores that differ."""
    kept = found[np.arange(0, len(found), 2)]
    return Instances(
        kept.size, kept.boxes, kept.labels, kept.masks,
        scores=np.linspace(0.9, 0.5, len(kept)).astype(np.float32), classes=kept.classes,
    )  # fmt: skip


def test_average_precision_is_that_of_the_scoring_function(truth: CocoDataset) -> None:
    whole = {sample.name: sample.instances for sample in truth}
    part = {name: without_some(found) for name, found in whole.items()}
    found = score_differences(truth, {name: (whole[name], part[name]) for name in whole}, truth.classes)
    for kind in ("segm", "bbox"):
        scores = [score_instances(truth, each, details=False, area="mask")[kind]["AP"] for each in (whole, part)]
        row = found[f"{kind} AP"]
        assert [row["model"], row["export"]] == pytest.approx(scores, abs=1e-12)
        assert row["difference"] == pytest.approx(scores[1] - scores[0], abs=1e-12)
        assert row["low"] <= row["difference"] <= row["high"] < 0


def test_mean_iou_is_that_of_the_scoring_function(truth: CocoDataset) -> None:
    whole = {sample.name: sample.label_map() for sample in truth}
    other = {name: np.where(label_map == 1, 2, label_map) for name, label_map in whole.items()}
    found = score_differences(truth, {name: (whole[name], other[name]) for name in whole}, truth.classes)["mIoU"]
    scores = [score_semantic(truth, each)["mIoU"] for each in (whole, other)]
    assert [found["model"], found["export"]] == pytest.approx(scores, abs=1e-12)
    assert found["low"] < found["difference"] < found["high"] < 0


def test_equal_results_have_no_interval(truth: CocoDataset) -> None:
    whole = {sample.name: sample.label_map() for sample in truth}
    row = score_differences(truth, {name: (each, each) for name, each in whole.items()}, truth.classes)["mIoU"]
    assert (row["low"], row["difference"], row["high"]) == (0, 0, 0)


def test_other_classes_are_refused(truth: CocoDataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has none of the classes cat"):
        score_differences(truth, {}, ClassTable.from_names(["cat"]))
