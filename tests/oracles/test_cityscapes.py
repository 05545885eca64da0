"""Cityscapes scores against what the official scripts gave for small data sets, each with its own trap.

The 20 of :mod:`tests.oracles.cityscapes.cases` and three of invented streets are here; eleven more lie in ../shared.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hotcoco import mask as coco_mask
from PIL import Image

from maskwright.annotations.cityscapes_labels import LABELS
from maskwright.evaluation.cityscapes.average_precision import average_precision
from maskwright.evaluation.cityscapes.images import measure_mask_files
from maskwright.evaluation.cityscapes.layout import (
    INSTANCE_IDS,
    match_frames,
    prediction_files,
    read_predictions,
    truth_files,
)
from maskwright.evaluation.semantic.label_names import LabelNames, LabelRemapper
from maskwright.evaluation.semantic.scores import confusion, semantic_scores
from maskwright.masks.png import read_label_map
from maskwright.progress import Reporter
from maskwright.workflows.scoring.score_cityscapes import score_cityscapes
from tests.oracles.cityscapes.cases import CASES, STREETS, write_cases

HERE = Path(__file__).parent / "cityscapes"
# The script crashes where every prediction of a class is ignored.
CRASHES = ("all_ignored_no_match", "random_12")
PIXEL_MEANS = {
    "mIoU": "averageScoreClasses",
    "mean_iIoU": "averageScoreInstClasses",
    "category_mIoU": "averageScoreCategories",
    "category_mean_iIoU": "averageScoreInstCategories",
}


@pytest.fixture(scope="module", params=["here", "beside"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of cases: those of the repository, written anew, or those of the shared material."""
    if request.param == "beside":
        return request.getfixturevalue("shared") / "oracles" / "cityscapes"
    return write_cases(tmp_path_factory.mktemp("cityscapes"))


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[str, Any]:
    """What the official scripts gave for each case of ``folder``; a case of both folders is tested once."""
    here = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
    assert here.keys() == {*CASES, *STREETS}
    if not (folder / "expected.json").exists():
        return here
    beside = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return {case: scores for case, scores in beside.items() if case not in here}


def same(ours: float | None, theirs: float | None) -> bool:
    return ours is theirs if ours is None or theirs is None else math.isclose(ours, theirs, rel_tol=0, abs_tol=1e-12)


def scores(truth: Path, predictions: Path, pixel: bool = False) -> dict[str, Any]:
    return score_cityscapes(truth, predictions, pixel=pixel, workers=1, reporter=Reporter(quiet=True)).scores


def assert_instances(ours: dict[str, Any], case: str, theirs: dict[str, Any]) -> None:
    assert same(ours["AP"], theirs["allAp"]), case
    assert same(ours["AP50"], theirs["allAp50"]), case
    for name, row in ours["classes"].items():
        ap, ap50 = theirs["classes"].get(name, (None, None))
        assert same(row["AP"], ap), (case, name)
        assert same(row["AP50"], ap50), (case, name)


def test_instances_from_mask_files_equal_the_official_script(folder: Path, expected: dict[str, Any]):
    assert len(expected) in (23, 11)
    for case, theirs in expected.items():
        if case not in CRASHES:
            assert_instances(scores(folder / case, folder / case / "results"), case, theirs)


def test_every_class_and_overlap_equals_the_official_script(folder: Path, expected: dict[str, Any]):
    for case, theirs in expected.items():
        if case in CRASHES:
            continue
        results = folder / case / "results"
        truth = truth_files(folder / case, None, INSTANCE_IDS)
        texts = match_frames(truth, prediction_files(results, ".txt"), results, "txt")
        verdicts = [measure_mask_files(truth[f], read_predictions(texts[f], results)).match()[0] for f in truth]
        for ours, row in zip(average_precision(verdicts)[0], theirs["matrix"], strict=True):
            assert all(same(None if np.isnan(a) else float(a), b) for a, b in zip(ours, row, strict=True)), case


def test_a_class_whose_predictions_are_all_ignored_has_zero_where_the_script_crashes(tmp_path: Path):
    recorded = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
    assert {case for case, theirs in recorded.items() if "crash" in theirs} == set(CRASHES)
    folder = write_cases(tmp_path)
    ours = scores(folder / "all_ignored_no_match", folder / "all_ignored_no_match" / "results")
    assert ours["classes"]["car"]["AP"] == ours["AP"] == 0.0
    assert ours["classes"]["car"]["predictions"] > 0
    assert scores(folder / "random_12", folder / "random_12" / "results")["AP"] > 0


def test_instances_from_rles_equal_those_from_mask_files(folder: Path, expected: dict[str, Any], tmp_path: Path):
    for case in expected:
        path = tmp_path / case / "instances.json"
        path.parent.mkdir()
        path.write_text(json.dumps(rle_records(folder / case / "results")), encoding="utf-8")
        from_files = scores(folder / case, folder / case / "results")
        from_rles = scores(folder / case, path)
        assert same(from_rles["AP"], from_files["AP"]), case
        assert from_rles["classes"] == from_files["classes"], case


def rle_records(results: Path) -> list[dict[str, Any]]:
    """The mask files of the official layout as COCO results, by Pillow."""
    records = []
    for text in sorted(results.glob("*.txt")):
        frame = text.name.removesuffix("_pred.txt")
        for line in text.read_text(encoding="utf-8").splitlines():
            name, label, score = line.split()
            mask = np.array(Image.open(results / name).convert("L")) != 0
            rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
            records.append(
                {
                    "image_id": 0,
                    "file_name": f"{frame}_leftImg8bit.png",
                    "category_id": int(label),
                    "score": float(score),
                    "segmentation": {"size": rle["size"], "counts": rle["counts"].decode()},
                }
            )
    return [record for record in records if 24 <= record["category_id"] <= 33 and record["category_id"] not in (29, 30)]


def test_pixels_equal_the_official_script(folder: Path, expected: dict[str, Any]):
    for case, theirs in expected.items():
        ours = scores(folder / case, folder / case / "results_sem", pixel=True)["pixel"]
        for name, official in PIXEL_MEANS.items():
            assert same(ours[name], theirs["pixel"][official]), (case, name)
        for name, official in (("classes", "classScores"), ("class_iIoU", "classInstScores")):
            present = {key: value for key, value in ours[name].items() if value is not None}
            assert present.keys() == theirs["pixel"][official].keys(), case
            assert all(same(value, theirs["pixel"][official][key]) for key, value in present.items()), (case, name)


def test_the_semantic_scores_equal_the_official_script_too(folder: Path, expected: dict[str, Any]):
    # One rule: a dataset confusion matrix. Cityscapes' ignored labels are classes whose truth does not count.
    labels = LabelRemapper(
        LabelNames([label.name for label in LABELS], 255), None, [x.name for x in LABELS if x.ignored]
    )
    for case, theirs in expected.items():
        counts = np.zeros((labels.classes + 1, labels.classes + 1), np.int64)
        for truth in sorted((folder / case).glob("gtFine/*/*/*_labelIds.png")):
            (predicted,) = (folder / case / "results_sem").glob(f"{truth.name.removesuffix('_gtFine_labelIds.png')}*")
            true = labels.truth(read_label_map(truth), truth)
            found = labels.prediction(read_label_map(predicted), predicted)
            counts += confusion(true, found, labels.classes + 1, labels.ignore_index)
        ours = semantic_scores(counts[:-1], labels.names)
        assert same(ours["mIoU"], theirs["pixel"]["averageScoreClasses"]), case
        for name, row in ours["classes"].items():
            assert same(row["IoU"], theirs["pixel"]["classScores"].get(name)), (case, name)
