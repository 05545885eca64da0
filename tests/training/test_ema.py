"""The moving average equals its recursion computed by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from maskwright.training.ema import MovingAverage


@pytest.mark.parametrize("decay", [0.2, 0.999])
def test_the_average_follows_the_recursion_with_a_growing_decay(decay: float) -> None:
    model = nn.Linear(2, 1).double()
    average = MovingAverage(model, decay)
    expected = model.weight.detach().numpy().copy()
    chance = np.random.default_rng(0)
    for step in range(1, 13):
        weights = chance.normal(size=(1, 2))
        with torch.no_grad():
            model.weight.copy_(torch.from_numpy(weights))
        average.update(model)
        now = min(decay, (1 + step) / (10 + step))
        expected = now * expected + (1 - now) * weights
        np.testing.assert_allclose(average.state["weight"].numpy(), expected, rtol=1e-12)


def test_statistics_of_norms_are_averaged_and_counters_are_copied() -> None:
    model = nn.BatchNorm1d(3)
    average = MovingAverage(model, 0.9)
    torch.manual_seed(0)
    expected = np.ones(3)
    for step in range(1, 4):
        model(3 * torch.randn(8, 3))
        average.update(model)
        now = (1 + step) / (10 + step)
        expected = now * expected + (1 - now) * model.running_var.numpy()
        assert average.state["num_batches_tracked"] == step
        np.testing.assert_allclose(average.state["running_var"].numpy(), expected, rtol=1e-6)


def test_the_model_is_left_alone_and_the_average_is_a_copy() -> None:
    model = nn.Linear(2, 1)
    average = MovingAverage(model, 0.9)
    start = model.weight.detach().clone()
    with torch.no_grad():
        model.weight.add_(1)
    assert torch.equal(average.state["weight"], start)
    average.update(model)
    assert torch.equal(model.weight, start + 1)
