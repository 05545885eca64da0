"""Optimisers and schedules against their formulas."""

import math

import pytest
import torch
from torch import nn

from maskwright.training.optimisation import build_optimizer, build_schedule

LR, DECAY, MOMENTUM, START, GRADIENT = 0.1, 0.01, 0.9, 2.0, 0.5


def after_steps(name: str, steps: int) -> float:
    """A parameter of ``START`` after ``steps`` steps with a constant gradient."""
    parameter = nn.Parameter(torch.tensor(START, dtype=torch.float64))
    optimizer = build_optimizer(name, [parameter], lr=LR, weight_decay=DECAY, momentum=MOMENTUM)
    for _ in range(steps):
        parameter.grad = torch.tensor(GRADIENT, dtype=torch.float64)
        optimizer.step()
    return parameter.item()


def test_sgd_has_momentum_and_weight_decay() -> None:
    first = GRADIENT + DECAY * START
    once = START - LR * first
    second = MOMENTUM * first + GRADIENT + DECAY * once
    assert after_steps("sgd", 1) == pytest.approx(once)
    assert after_steps("sgd", 2) == pytest.approx(once - LR * second)


def test_the_first_step_of_adam_is_the_learning_rate() -> None:
    # Kingma & Ba 2015, algorithm 1: both moments are bias-corrected, so their ratio is the gradient's sign.
    assert after_steps("adam", 1) == pytest.approx(START - LR, abs=1e-6)


def test_adamw_decays_the_weight_apart_from_the_gradient() -> None:
    # Loshchilov & Hutter 2019, algorithm 2.
    assert after_steps("adamw", 1) == pytest.approx(START * (1 - LR * DECAY) - LR, abs=1e-6)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_frozen_parameters_are_left_out(name: str) -> None:
    learning, frozen = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3), requires_grad=False)
    optimizer = build_optimizer(name, [learning, frozen], lr=LR, weight_decay=DECAY, momentum=MOMENTUM)
    assert [len(parameter) for group in optimizer.param_groups for parameter in group["params"]] == [2]


def rates(name: str, total: int, warmup: int = 0, **options: float) -> list[float]:
    """The learning rate at each step, and after the last."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], LR)
    schedule = build_schedule(name, optimizer, total_steps=total, warmup_steps=warmup, **options)
    values = []
    for _ in range(total + 1):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return values


@pytest.mark.parametrize(
    ("name", "middle", "end"), [("constant", 1.0, 1.0), ("cosine", 0.5, 0.0), ("polynomial", 0.5**0.9, 0.0)]
)
@pytest.mark.parametrize("warmup", [0, 4])
def test_rates_at_the_start_after_the_warm_up_in_the_middle_and_at_the_end(
    name: str, middle: float, end: float, warmup: int
) -> None:
    values = rates(name, 20 + warmup, warmup)
    assert values[:warmup] == pytest.approx([LR * step / (warmup + 1) for step in range(1, warmup + 1)])
    assert values[warmup] == pytest.approx(LR)
    assert values[warmup + 10] == pytest.approx(LR * middle)
    assert values[-1] == pytest.approx(LR * end, abs=1e-12)


def test_cosine_equals_torchs_cosine_annealing() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], LR)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=17)
    for value in rates("cosine", 17):
        assert value == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-9)
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_polynomial_falls_by_the_power_asked(power: float) -> None:
    assert rates("polynomial", 4, power=power) == pytest.approx([LR * (1 - t / 4) ** power for t in range(5)])


def test_steps_beyond_the_end_stay_at_the_end() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], LR)
    schedule = build_schedule("polynomial", optimizer, total_steps=2)
    for _ in range(5):
        optimizer.step()
        schedule.step()
    assert math.isclose(optimizer.param_groups[0]["lr"], 0.0, abs_tol=1e-12)
