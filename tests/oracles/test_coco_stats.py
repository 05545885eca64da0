"""The COCO API's own sample results on 100 images of val2014, and the numbers pycocotools gives for them."""

import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.evaluation.coco import STATISTICS, coco_scores


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "oracles" / "coco"


@pytest.fixture(scope="module")
def truth(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "instances_val2014_100.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_the_12_statistics_equal_those_of_pycocotools(folder: Path, truth: dict[str, Any], kind: str):
    results = json.loads((folder / f"instances_val2014_fake{kind}100_results.json").read_text(encoding="utf-8"))
    expected = json.loads((folder / "pycocotools_expected_stats.json").read_text(encoding="utf-8"))[kind]
    scores = coco_scores(truth, results)[kind]
    assert [scores[name] for name in STATISTICS] == pytest.approx(expected, rel=0, abs=1e-12)
