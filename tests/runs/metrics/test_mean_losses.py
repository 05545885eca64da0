"""Mean losses are means over the images of all processes."""

import pytest
import torch

from maskwright.runs.metrics.mean_losses import MeanLosses


def losses_of(*images: dict[str, float]) -> MeanLosses:
    made = MeanLosses()
    for image in images:
        made.add({name: torch.tensor(value) for name, value in image.items()})
    return made


def test_each_image_counts_once_whoever_has_seen_it() -> None:
    one = losses_of({"mask": 1.0, "box": 0.5})
    other = losses_of({"mask": 2.0, "box": 0.0}, {"mask": 6.0, "box": 1.0})
    found = MeanLosses.merged([one.on_cpu(), other.on_cpu()]).means()
    assert found == {"loss": pytest.approx(3.5), "mask": pytest.approx(3.0), "box": pytest.approx(0.5)}
    assert next(iter(found)) == "loss"


def test_without_an_image_there_is_no_loss() -> None:
    assert MeanLosses.merged([MeanLosses()]).means() == {}


def test_a_loss_that_is_not_finite_is_none() -> None:
    assert losses_of({"mask": float("nan"), "box": 1.0}).means() == {"loss": None, "mask": None, "box": 1.0}
