"""Predictions of folds as one file: each with its ids, scored once over all images."""

import json
from pathlib import Path

import pytest

from maskwright.errors import DataError
from maskwright.progress import Reporter
from maskwright.runs.folds.merging import merge_folds
from maskwright.runs.folds.plan import HELD_OUT, FoldPlan, plan_folds
from tests.small_runs import SHARED, SMALL

OVERRIDES = [text for text in [*SMALL["instance"], *SHARED] if "=" in text]


def planned(folder: Path) -> FoldPlan:
    return plan_folds("demo-instance", 2, OVERRIDES, folder / "out", Reporter(quiet=True))


def predict(plan: FoldPlan, *numbers: int) -> int:
    """Write runs that predict each held-out object exactly; return the number of predictions."""
    written = 0
    for fold in plan.folds:
        if fold.number not in numbers:
            continue
        truth = json.loads((plan.path / "data" / f"fold-{fold.number}" / f"{HELD_OUT}.json").read_text())
        found = [
            {
                "image_id": each["image_id"],
                "category_id": each["category_id"],
                "score": 0.9,
                "segmentation": each["segmentation"],
            }
            for each in truth["annotations"]
            if not each["iscrowd"]
        ]
        folder = fold.path / "predictions" / HELD_OUT
        folder.mkdir(parents=True)
        (folder / "instances.json").write_text(json.dumps(found))
        classes = [{"index": each.index, "name": each.name, "color": each.color} for each in plan.table]
        ids = {each["name"]: each["id"] for each in truth["categories"]}
        classes = [{**each, "source_ids": [ids[each["name"]]], "category_id": ids[each["name"]]} for each in classes]
        (folder / "classes.json").write_text(json.dumps(classes))
        scores = {HELD_OUT: {"segm": {"AP": 1.0}, "bbox": {"AP": 1.0}}}
        (fold.path / "scores.json").write_text(json.dumps(scores))
        written += len(found)
    return written


def test_perfect_predictions_of_all_folds_have_an_ap_of_one(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    predictions = predict(plan, 1, 2)
    found = merge_folds(plan)
    assert found["pooled"]["segm"]["AP"] == pytest.approx(1, abs=1e-12)
    assert found["images"] == 8
    assert [each["scores"]["segm"] for each in found["folds"]] == [{"AP": 1.0}] * 2
    assert len(json.loads((plan.path / "instances.json").read_text())) == predictions
    assert json.loads((plan.path / "folds.json").read_text())["pooled"] == found["pooled"]
    assert (plan.path / "classes.json").is_file()


def test_a_fold_without_predictions_is_named(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    predict(plan, 1)
    with pytest.raises(DataError, match="those of fold 2"):
        merge_folds(plan)
