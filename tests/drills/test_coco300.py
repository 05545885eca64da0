"""The CPU recipe on 300 real COCO images at full length: a quarter of an hour, so run with ``-m slow``."""

import json
from pathlib import Path

import pytest

from maskwright.cli.main import main

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * 3600)]


def test_deeplabplus_reaches_its_validation_miou(shared: Path, tmp_path: Path) -> None:
    arguments = [
        "run", "deeplabplus-mobilenetv2-5class", "--out", str(tmp_path / "run"), "--quiet",
        "--set", f"data.root={shared / 'data' / 'coco300'}",
        "--set", f"model.weights={shared / 'weights' / 'mobilenet_v2-b0353104.pth'}",
    ]  # fmt: skip
    assert main(arguments) == 0
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())["validation"]
    assert scores["mIoU"] >= 0.47
    assert scores["mIoU"] > 2 * scores["baseline"]["mIoU"]
