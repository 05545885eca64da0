"""The line of an epoch has the losses and the scores that were measured, and no others."""

import io
from pathlib import Path

import pytest

from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import create_run
from maskwright.runs.metrics.epoch_lines import EpochLines
from maskwright.training.trackers import Metrics


def line(recipe: str, metrics: Metrics, folder: Path) -> str:
    stream = io.StringIO()
    made = create_run(load_recipe(recipe, ["train.epochs=9"]), folder, Reporter(stream=stream))
    EpochLines(Experiment(made)).record(3, {"seconds": 12.4, **metrics})
    return stream.getvalue().strip()


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"train/loss": 0.41}, "loss 0.4100 (12 s), 1 min 14 s left"),
        ({"train/loss": 0.41, "validation/mIoU": 0.7}, "loss 0.4100, mIoU 0.7000 (12 s), 1 min 14 s left"),
        (
            {
                "train/loss": 0.41,
                "validation/loss": 0.52,
                "validation/mIoU": 0.7,
                "train/mIoU": 0.9,
                "validation/baseline_mIoU": 0.2,
            },
            "loss 0.4100, validation loss 0.5200, mIoU 0.7000 (training 0.9000, baseline 0.2000) (12 s), "
            "1 min 14 s left",
        ),
        ({"train/loss": 0.41, "validation/loss": None, "validation/mIoU": None}, "loss 0.4100 (12 s), 1 min 14 s left"),
    ],
)
def test_a_semantic_epoch(metrics: Metrics, expected: str, tmp_path: Path) -> None:
    assert line("demo-semantic", metrics, tmp_path / "run") == f"epoch 3/9: {expected}"


def test_an_instance_epoch(tmp_path: Path) -> None:
    metrics = {"train/loss": 1.0, "validation/segm_AP": 0.1, "validation/segm_AP50": 0.2, "validation/bbox_AP": 0.15}
    expected = "epoch 3/9: loss 1.0000, segm_AP 0.1000, segm_AP50 0.2000, bbox_AP 0.1500 (12 s), 1 min 14 s left"
    assert line("demo-instance", metrics, tmp_path / "run") == expected


def test_after_the_last_epoch_no_time_is_left(tmp_path: Path) -> None:
    stream = io.StringIO()
    made = create_run(load_recipe("demo-semantic", ["train.epochs=3"]), tmp_path / "run", Reporter(stream=stream))
    EpochLines(Experiment(made)).record(3, {"seconds": 12.4, "train/loss": 0.41})
    assert stream.getvalue().strip() == "epoch 3/3: loss 0.4100 (12 s)"
