"""Another tool's numbers in the forms in which tools print them."""

import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.errors import DataError, UsageError
from maskwright.evaluation.coco.evaluator import STATISTICS
from maskwright.evaluation.explanation.other_numbers import read_other_numbers

AP, AP50 = ("segm", "AP"), ("segm", "AP50")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("0.352", {AP: 0.352}),
        ("AP=0.352,AP50=0.561", {AP: 0.352, AP50: 0.561}),
        ("35.2", {AP: 0.352}),
        ("bbox AP=35.2, segm_AP50=56.1", {("bbox", "AP"): 0.352, AP50: 0.561}),
        ("mAP50-95=0.4;mAP50=0.6", {AP: 0.4, AP50: 0.6}),
        (
            ", ".join(f"0.{n}" for n in range(10, 22)),
            {("segm", name): (10 + n) / 100 for n, name in enumerate(STATISTICS)},
        ),
    ],
)  # fmt: skip
def test_a_text_of_numbers(given: str, expected: dict[tuple[str, str], float]) -> None:
    assert read_other_numbers(given, "segm").values == pytest.approx(expected)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"segm": {"AP": 0.3, "APs": None, "APl": -1}, "bbox": {"AP": 0.4}}, {AP: 0.3, ("bbox", "AP"): 0.4}),
        ({"segm": {"AP": 30.0, "AP-person": 12.0}}, {AP: 0.3}),  # Detectron2
        ({"coco/segm_mAP": 0.3, "coco/bbox_mAP_50": 0.5}, {AP: 0.3, ("bbox", "AP50"): 0.5}),  # MMDetection
        ({"metrics/mAP50-95(M)": 0.3, "metrics/mAP50(B)": 0.5}, {AP: 0.3, ("bbox", "AP50"): 0.5}),  # Ultralytics
        ({"map": 0.3, "map_50": 0.5, "mar_100": 0.6}, {AP: 0.3, AP50: 0.5, ("segm", "AR100"): 0.6}),  # torchmetrics
        ([0.1] * 12, {("segm", name): 0.1 for name in STATISTICS}),
    ],
)
def test_a_file_of_numbers(content: Any, expected: dict[tuple[str, str], float], tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(json.dumps(content))
    assert read_other_numbers(tmp_path / "other.json", "segm").values == pytest.approx(expected)


def test_numbers_agree_to_the_digits_that_are_given() -> None:
    assert read_other_numbers("AP=0.352", "segm").tolerance[AP] == pytest.approx(0.0005, rel=1e-3)
    assert read_other_numbers("AP=35.2", "segm").tolerance[AP] == pytest.approx(0.0005, rel=1e-3)
    assert read_other_numbers("AP=0.3521234567", "segm").tolerance[AP] == pytest.approx(1e-6)


@pytest.mark.parametrize("given", ["", "good", "AP=good", "mIoU=0.4", "0.1,0.2"])
def test_other_texts_are_refused(given: str) -> None:
    with pytest.raises(UsageError, match="expected"):
        read_other_numbers(given, "segm")


def test_files_without_numbers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text('{"loss": 1}')
    with pytest.raises(DataError, match="holds none of AP"):
        read_other_numbers(tmp_path / "none.json", "segm")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(DataError, match="is no JSON"):
        read_other_numbers(tmp_path / "bad.json", "segm")
    with pytest.raises(UsageError, match="does not exist"):
        read_other_numbers(tmp_path / "missing.json", "segm")
