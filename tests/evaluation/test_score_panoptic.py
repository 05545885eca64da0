import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.errors import DataError, UsageError
from maskwright.evaluation.score_panoptic import score_panoptic
from maskwright.progress import Reporter
from maskwright.structures import ClassTable, PanopticMap, PanopticSegment
from maskwright.workflows.scoring import score_panoptic as command
from tests.evaluation.invented_panoptic import InventedMap, invented_set, write_set

STREET = PanopticMap(np.array([[1, 1], [1, 2]]), (PanopticSegment(1, 1), PanopticSegment(2, 2)))


def as_map(found: InventedMap, index: dict[int, int]) -> PanopticMap:
    segments = (
        PanopticSegment(s["id"], index[s["category_id"]], bool(s.get("iscrowd")), s["area"]) for s in found.segments
    )
    return PanopticMap(found.ids, tuple(segments))


@pytest.mark.parametrize("seed", range(5))
def test_the_scores_are_those_of_the_command_to_the_last_bit(tmp_path: Path, seed: int):
    invented = invented_set(seed)
    by_command = command.score_panoptic(*write_set(tmp_path, invented), reporter=Reporter(quiet=True)).to_json()
    index = {category["id"]: number for number, category in enumerate(invented.categories, start=1)}
    maps = [
        {f"{n}.png": as_map(each, index) for n, each in enumerate(part, start=1)}
        for part in (invented.truth, invented.predictions)
    ]
    scores = score_panoptic(
        *maps,
        classes=[each["name"] for each in invented.categories],
        stuff=[each["name"] for each in invented.categories if not each["isthing"]],
    )
    without = [{key: value for key, value in found.items() if key != "remarks"} for found in (scores, by_command)]
    assert json.dumps(without[0]) == json.dumps(without[1])


def test_predicted_classes_meet_the_truths_by_name():
    found = PanopticMap(STREET.ids, (PanopticSegment(1, 2), PanopticSegment(2, 1)))
    options: dict[str, Any] = {"classes": ["road", "car"], "stuff": ["road"]}
    assert score_panoptic({"a": STREET}, {"a": found}, **options)["PQ"] == 0.0
    table = ClassTable.from_names(["car", "road"])
    assert score_panoptic({"a": STREET}, {"a": found}, prediction_classes=table, **options)["PQ"] == 1.0


def test_predictions_without_a_truth_are_named():
    scores = score_panoptic({"a": STREET}, {"a": STREET, "b": STREET}, classes=["road", "car"])
    assert "1 predictions are of images that the truth lacks; they are not scored ('b')." in scores["remarks"]


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(DataError, match=r"1 of 2 images of the truth have no prediction \(b\).*Nearest to 'b'|a"):
        score_panoptic({"a": STREET, "b": STREET}, {"a": STREET}, classes=["road", "car"])
    with pytest.raises(DataError, match="no image"):
        score_panoptic({}, {}, classes=["road"])
    labels: Any = STREET.ids
    with pytest.raises(UsageError, match="prediction 'a' is of type ndarray; expected a PanopticMap"):
        score_panoptic({"a": STREET}, {"a": labels}, classes=["road", "car"])
    with pytest.raises(UsageError, match="truth 'a' has ids of shape"):
        score_panoptic({"a": PanopticMap(np.zeros((2, 2)), ())}, {"a": STREET}, classes=["road", "car"])
    with pytest.raises(DataError, match="prediction 'a': the segment 2 of 1 pixels"):
        score_panoptic({"a": STREET}, {"a": PanopticMap(STREET.ids, STREET.segments[:1])}, classes=["road", "car"])
