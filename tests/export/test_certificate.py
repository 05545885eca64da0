"""The certificate: what is refused, by which image, and what it records."""

import json

import pytest

from maskwright.errors import WeightsError
from maskwright.export.agreement import Agreement
from maskwright.export.certificate import Certificate


def certificate(tolerance: float, *shares: float, by_scores: bool = False) -> Certificate:
    made = Certificate("photos", tolerance, by_scores)
    for number, share in enumerate(shares):
        made.add(Agreement(f"{number}.png", {"logits": share, "pixels": 0.0}, 100, 0.99))
    return made


def test_what_is_within_the_tolerance_passes() -> None:
    made = certificate(0.001, 0.0, 0.001)
    made.require_accepted("a.onnx")
    assert made.to_json()["accepted"] is True
    assert made.to_json()["differences"]["logits"] == {"share": 0.001, "image": "1.png"}


def row(model: float | None, export: float | None) -> dict[str, float | None]:
    difference = None if model is None or export is None else export - model
    ends = (None, None) if difference is None else (difference - 0.1, difference + 0.1)
    return {"model": model, "export": export, "difference": difference, "low": ends[0], "high": ends[1]}


@pytest.mark.parametrize("share", [0.0011, float("nan"), float("inf")])
def test_what_is_above_is_refused_with_the_worst_image(share: float) -> None:
    made = certificate(0.001, 0.0, share, 0.0005)
    with pytest.raises(WeightsError, match=r"a\.onnx: does not answer .*logits .* on 1\.png.*the worst image is"):
        made.require_accepted("a.onnx")
    assert not made.accepted


def test_the_worst_five_are_named_in_order() -> None:
    made = certificate(1, *(number / 100 for number in range(7)))
    assert [each["image"] for each in made.to_json()["worst_images"]] == [f"{number}.png" for number in (6, 5, 4, 3, 2)]


def test_scores_that_fell_are_refused_and_alone_decide_where_told() -> None:
    made = certificate(0.01, 0.5, by_scores=True)
    made.scores = {"mIoU": row(0.7, 0.695), "other": row(None, None)}
    assert made.accepted
    made.scores = {"mIoU": row(0.7, 0.3)}
    with pytest.raises(WeightsError, match=r"mIoU 0\.7000 became 0\.3000"):
        made.require_accepted("a.onnx")
    expected = "mIoU: 0.7000 by the model, 0.3000 by the export; difference -0.4000, 95 % interval -0.5000 to -0.3000"
    assert expected in made.lines()


def test_it_is_json() -> None:
    assert json.loads(json.dumps(certificate(0.1, 0.0).to_json()))["images"] == {"source": "photos", "count": 1}
