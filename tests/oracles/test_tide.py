"""TIDE's numbers against those of the authors' own tool, tidecv, on invented data sets with crowds and ties."""

import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.evaluation.instances.image_errors import DetectionErrors, image_errors
from maskwright.evaluation.instances.per_image import image_records
from maskwright.evaluation.instances.tide import BACKGROUND_IOU, IOU, TIDE_ERRORS, tide_scores
from tests.oracles.tide.cases import CASES, CATEGORIES, invented_case

EXPECTED = json.loads((Path(__file__).parent / "tide" / "expected.json").read_text(encoding="utf-8"))["invented"]


def numbers(seed: int, kind: str) -> dict[str, Any]:
    """What we say of a case, in the form of the recording."""
    truth, results = invented_case(seed)
    images = [
        image_errors(each.objects, each.found, kind, IOU, BACKGROUND_IOU) for each in image_records(truth, results)
    ]
    found = tide_scores(DetectionErrors.merged(images), list(CATEGORIES))
    return {
        "AP": found["AP"],
        "count": {error: row["count"] for error, row in found["errors"].items()},
        "dAP": {error: row["dAP"] for error, row in found["errors"].items()},
        "FalsePos": found["FP"],
        "FalseNeg": found["FN"],
    }


@pytest.mark.parametrize("kind", ["bbox", "segm"])
@pytest.mark.parametrize("seed", range(CASES))
def test_the_numbers_are_those_of_tidecv(seed: int, kind: str):
    ours, theirs = numbers(seed, kind), EXPECTED[seed][kind]
    assert ours.pop("count") == theirs["count"]
    assert ours.pop("dAP") == pytest.approx(theirs["dAP"], rel=0, abs=1e-12)
    assert ours == pytest.approx({key: theirs[key] for key in ours}, rel=0, abs=1e-12)


def test_the_cases_have_what_is_hard():
    cases = [(*invented_case(seed), EXPECTED[seed]["segm"]) for seed in range(CASES)]
    for error in TIDE_ERRORS:
        assert sum(expected["count"][error] for *_, expected in cases) >= 10, error
        assert sum(expected["dAP"][error] > 0 for *_, expected in cases) >= 3, error
    assert sum(each["iscrowd"] for truth, *_ in cases for each in truth["annotations"]) >= 50
    assert any(len(results) > 120 for _, results, _ in cases)
