"""The demo at full length: the scores that the README promises. Minutes long, so run with ``-m slow``."""

import json
from pathlib import Path

import pytest

from maskwright.cli.main import main

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def test_the_demo_reaches_its_scores_and_says_where_the_pages_lie(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--out", str(tmp_path), "--quiet"]) == 0
    shown = capsys.readouterr().out
    semantic, instance = (
        json.loads((tmp_path / name / "scores.json").read_text())["validation"]
        for name in ("demo-semantic", "demo-instance")
    )
    assert semantic["mIoU"] >= 0.85
    assert instance["segm"]["AP50"] >= 0.70
    for name in ("demo-semantic", "demo-instance"):
        assert str(tmp_path / name / "report.html") in shown
