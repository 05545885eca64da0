"""The COCO API's own sample results on 100 images of val2014, and the numbers pycocotools gives for them."""

import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.evaluation.coco.evaluator import STATISTICS
from maskwright.progress import Reporter
from maskwright.workflows.scoring.score_instance import score_instance
from tests.evaluation.all_at_once import coco_scores

FOLDER = Path(__file__).parent / "coco"

TIDE = json.loads((Path(__file__).parent / "tide" / "expected.json").read_text(encoding="utf-8"))["coco"]


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads((FOLDER / "instances_val2014_100.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_the_12_statistics_equal_those_of_pycocotools(truth: dict[str, Any], kind: str):
    results = json.loads((FOLDER / f"instances_val2014_fake{kind}100_results.json").read_text(encoding="utf-8"))
    expected = json.loads((FOLDER / "pycocotools_expected_stats.json").read_text(encoding="utf-8"))[kind]
    scores = coco_scores(truth, results)[kind]
    assert [scores[name] for name in STATISTICS] == pytest.approx(expected, rel=0, abs=1e-12)


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_score_instance_gives_the_same_from_the_files(kind: str):
    summary = score_instance(
        FOLDER / "instances_val2014_100.json",
        FOLDER / f"instances_val2014_fake{kind}100_results.json",
        reporter=Reporter(quiet=True),
    )
    expected = json.loads((FOLDER / "pycocotools_expected_stats.json").read_text(encoding="utf-8"))[kind]
    assert [summary.scores[kind][name] for name in STATISTICS] == pytest.approx(expected, rel=0, abs=1e-12)
    assert summary.scores["results"]["used"] == summary.scores["results"]["found"] == 734
    # Results of boxes alone have no mask scores; pycocotools would score the boxes as if they were masks.
    if kind == "bbox":
        assert set(summary.scores["segm"].values()) == {None}


def test_box_area_moves_the_sizes_of_masks_and_nothing_else():
    # The figures of pycocotools 2.0 when each result has the box of its mask (mask.toBbox): it takes sizes from these.
    files = FOLDER / "instances_val2014_100.json", FOLDER / "instances_val2014_fakesegm100_results.json"
    by_mask, by_box = (
        score_instance(*files, area=area, details=False, reporter=Reporter(quiet=True)).scores["segm"]
        for area in ("mask", "box")
    )
    sizes = ("APs", "APm", "APl")
    assert [by_mask[name] for name in sizes] == pytest.approx([0.3874, 0.3102, 0.3269], abs=5e-5)
    assert [by_box[name] for name in sizes] == pytest.approx([0.4093, 0.3246, 0.3092], abs=5e-5)
    assert {name: by_box[name] for name in STATISTICS if name not in sizes} == {
        name: by_mask[name] for name in STATISTICS if name not in sizes
    }


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_the_errors_and_their_costs_are_those_of_tidecv(kind: str):
    summary = score_instance(
        FOLDER / "instances_val2014_100.json",
        FOLDER / f"instances_val2014_fake{kind}100_results.json",
        reporter=Reporter(quiet=True),
    )
    tide, expected = summary.scores["tide"], TIDE[kind]
    assert {error: row["count"] for error, row in tide["errors"].items()} == expected["count"]
    costs = {error: row["dAP"] for error, row in tide["errors"].items()}
    assert costs == pytest.approx(expected["dAP"], rel=0, abs=1e-12)
    whole = [tide["AP"], tide["FP"], tide["FN"]]
    assert whole == pytest.approx([expected["AP"], expected["FalsePos"], expected["FalseNeg"]], rel=0, abs=1e-12)
