"""Both demos at full length: the scores that the README promises. Minutes long, so run with ``-m slow``."""

import json
from pathlib import Path

import pytest

from maskwright.cli.main import main

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.mark.parametrize(
    ("options", "semantic", "instance", "miou", "ap50"),
    [
        ([], "demo-semantic-short", "demo-instance-short", 0.80, 0.60),
        (["--full"], "demo-semantic", "demo-instance", 0.85, 0.70),
    ],
    ids=["short", "full"],
)
def test_the_demo_reaches_its_scores_and_says_where_the_pages_lie(
    options: list[str],
    semantic: str,
    instance: str,
    miou: float,
    ap50: float,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["demo", *options, "--out", str(tmp_path), "--quiet"]) == 0
    shown = capsys.readouterr().out
    scores = {
        name: json.loads((tmp_path / name / "scores.json").read_text())["validation"] for name in (semantic, instance)
    }
    assert scores[semantic]["mIoU"] >= miou
    assert scores[instance]["segm"]["AP50"] >= ap50
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(scores)
    for name in scores:
        assert str(tmp_path / name / "report.html") in shown
