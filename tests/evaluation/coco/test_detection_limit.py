"""AP with another limit of detections, against pycocotools with its ``maxDets`` changed."""

from typing import Any

import pytest

from maskwright.errors import UsageError
from maskwright.evaluation.coco.detection_limit import (
    LIMITED_STATISTICS,
    limit_protocol,
    limited_scores,
    require_limit,
)
from tests.evaluation.explanation.planted import dataset, oracle_scores


@pytest.mark.parametrize("kind", ["bbox", "segm"])
@pytest.mark.parametrize("limit", [1, 2, 5, 10, 100, 300, 1000])
def test_numbers_are_pycocotools(kind: str, limit: int) -> None:
    truth, results = dataset()
    truth["annotations"] = [{**each, "id": each["id"] + 1} for each in truth["annotations"]]
    found: Any = results
    ours = limited_scores(truth, found, kind, limit)
    # pycocotools reads AR at each of three limits; the last is that of AP.
    theirs = oracle_scores(truth, results, kind, limits=(1, 1, limit), zero_is_an_id=False)
    for name in LIMITED_STATISTICS:
        expected = theirs["AR100" if name == "AR" else name]
        assert ours[name] == (None if expected is None else pytest.approx(expected, abs=1e-12)), name


def test_more_detections_change_the_numbers_and_say_so() -> None:
    truth, results = dataset()
    truth["annotations"] = [{**each, "id": each["id"] + 1} for each in truth["annotations"]]
    found: Any = results
    few, many = (limited_scores(truth, found, "segm", limit)["AR"] for limit in (1, 300))
    assert few is not None
    assert many is not None
    assert few < many
    assert "not comparable" in limit_protocol(300)
    assert "not comparable" not in limit_protocol(100)


@pytest.mark.parametrize("limit", [0, -3])
def test_no_detection_at_all_is_refused(limit: int) -> None:
    with pytest.raises(UsageError, match=f"--max-dets {limit}: expected a number"):
        require_limit(limit)
    require_limit(None)
