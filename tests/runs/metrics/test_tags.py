"""TensorBoard and W&B group metrics by what they are, the two parts side by side."""

import pytest

from maskwright.runs.metrics.tags import tag


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("train/loss", "loss/train"),
        ("validation/loss", "loss/validation"),
        ("train/mIoU", "mIoU/train"),
        ("validation/segm_AP50", "segm_AP50/validation"),
        ("validation/IoU/person", "IoU/person"),
        ("train/IoU/person", "IoU_train/person"),
        ("validation/segm_AP/dog, brown/white", "segm_AP/dog, brown/white"),
        ("learning_rate", "learning_rate"),
        ("seconds", "seconds"),
    ],
)
def test_the_name_of_a_metric(metric: str, expected: str) -> None:
    assert tag(metric) == expected


def test_no_two_metrics_share_a_name() -> None:
    names = ("loss", "mIoU", "IoU/train", "IoU/validation", "IoU/IoU", "accuracy/loss", "pixel_accuracy")
    metrics = [f"{part}/{name}" for part in ("train", "validation") for name in names]
    assert len({tag(metric) for metric in metrics}) == len(metrics)
