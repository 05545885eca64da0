"""One command leads from a stranger's images to a model above its baseline, within the minutes that were given.

Minutes long each, so run with ``-m slow``. On a busy machine less is trained, by the clock.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maskwright.cli.main import main
from tests.drills.strangers import photographs, roboflow, shapes, whole_file

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def trained(words: list[str], minutes: float, out: Path) -> dict[str, Any]:
    """The validation scores of the command, which may take as long as it was told, and a half more."""
    started = time.monotonic()
    assert main(["train", *words, "--minutes", str(minutes), "--out", str(out)]) == 0
    assert time.monotonic() - started < 1.5 * 60 * minutes
    assert (out / "report.html").is_file()
    return json.loads((out / "scores.json").read_text())["validation"]


def assert_above_baseline(scores: dict[str, Any], margin: float) -> None:
    if "segm" in scores:
        assert scores["segm"]["AP50"] >= margin
    else:
        assert scores["mIoU"] >= scores["baseline"]["mIoU"] + margin


@pytest.mark.parametrize("source", [shapes, photographs, roboflow], ids=lambda each: each.__name__)
def test_five_minutes_beat_the_baseline(
    source: Callable[[Path, Path], list[str]], shared: Path, tmp_path: Path
) -> None:
    scores = trained(source(tmp_path, shared), 5, tmp_path / "run")
    assert_above_baseline(scores, {"shapes": 0.3, "photographs": 0.005, "roboflow": 0.005}[source.__name__])


@pytest.mark.parametrize("weights", [None, "mobilenet_v2-b0353104.pth", "mobilenet_v3_small-047dcff4.pth"])
def test_ten_minutes_beat_the_baseline_on_300_images_of_58_classes(
    weights: str | None, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = whole_file(tmp_path, shared)
    words += ["--weights", str(shared / "weights" / weights)] if weights is not None else []
    scores = trained(words, 10, tmp_path / "run")
    assert "Left out, so background: " in capsys.readouterr().err
    assert_above_baseline(scores, 0.005 if weights is None else 0.02)
