"""The CPU recipes on 300 real COCO images at full length: hours in all, so run with ``-m slow``."""

import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.cli.main import main

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3 * 3600)]


def scores_of(name: str, out: Path, shared: Path, weights: Path) -> dict[str, Any]:
    """The validation scores of the shipped recipe ``name``, run into ``out``."""
    data = ["--set", f"data.root={shared / 'data' / 'coco300'}", "--set", f"model.weights={weights}"]
    assert main(["run", name, "--out", str(out), "--quiet", *data]) == 0
    return json.loads((out / "scores.json").read_text())["validation"]


@pytest.fixture
def imagenet(shared: Path) -> Path:
    return shared / "weights" / "mobilenet_v2-b0353104.pth"


def test_deeplabplus_reaches_its_validation_miou(shared: Path, imagenet: Path, tmp_path: Path) -> None:
    scores = scores_of("deeplabplus-mobilenetv2-5class", tmp_path / "run", shared, imagenet)
    assert scores["mIoU"] >= 0.47
    assert scores["mIoU"] > 2 * scores["baseline"]["mIoU"]


def test_the_best_recipe_reaches_what_the_source_reached_with_twenty_times_the_images(
    shared: Path, imagenet: Path, tmp_path: Path
) -> None:
    first = scores_of("deeplabplus-mobilenetv2-coco14", tmp_path / "first", shared, imagenet)
    assert first["mIoU"] >= 0.34
    weights = tmp_path / "first" / "checkpoints" / "best" / "model.safetensors"
    scores = scores_of("deeplabplus-mobilenetv2-5class-finetuned", tmp_path / "second", shared, weights)
    assert scores["mIoU"] >= 0.524


def test_the_instance_recipe_finds_persons_from_300_images(shared: Path, imagenet: Path, tmp_path: Path) -> None:
    scores_of("maskrcnn-mobilenetv2-coco80", tmp_path / "first", shared, imagenet)
    weights = tmp_path / "first" / "checkpoints" / "best" / "model.safetensors"
    scores = scores_of("maskrcnn-person-cat-ball-book-coco300", tmp_path / "second", shared, weights)
    assert scores["segm"]["AP"] >= 0.066
    assert scores["classes"]["person"]["segm50"] >= 0.40
