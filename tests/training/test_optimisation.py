"""Optimisers and schedules follow their formulas."""

import math
from typing import Any

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


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_the_encoder_learns_at_its_share_of_the_rate_throughout_the_schedule(name: str) -> None:
    encoder, head = nn.Linear(2, 2), nn.Linear(2, 1)
    frozen = nn.Parameter(torch.ones(1), requires_grad=False)
    optimizer = build_optimizer(
        name, [*head.parameters(), frozen, *encoder.parameters()],
        lr=LR, weight_decay=DECAY, momentum=MOMENTUM, encoder=[encoder.parameters()], encoder_lr_factor=0.1,
    )  # fmt: skip
    groups = [{id(parameter) for parameter in group["params"]} for group in optimizer.param_groups]
    assert groups == [{id(p) for p in encoder.parameters()}, {id(p) for p in head.parameters()}]
    schedule = build_schedule("cosine", optimizer, total_steps=10, warmup_steps=3)
    for _ in range(9):
        slower, main = (group["lr"] for group in optimizer.param_groups)
        assert slower == pytest.approx(0.1 * main)
        assert schedule.get_last_lr()[-1] == main
        optimizer.step()
        schedule.step()


@pytest.mark.parametrize("name", ["constant", "cosine", "one_cycle"])
@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw"])
def test_at_a_head_only_start_the_encoder_stays_and_then_learns_by_the_schedule(name: str, optimiser: str) -> None:
    torch.manual_seed(0)
    encoder, head = nn.Linear(2, 2), nn.Linear(2, 1)
    optimizer = build_optimizer(
        optimiser, [*encoder.parameters(), *head.parameters()],
        lr=LR, weight_decay=DECAY, momentum=MOMENTUM, encoder=[encoder.parameters()], encoder_apart=True,
    )  # fmt: skip
    schedule = build_schedule(name, optimizer, total_steps=8, head_only_steps=3)
    for step in range(6):
        slower, main = (group["lr"] for group in optimizer.param_groups)
        assert slower == (main if step >= 3 else 0)
        before = [layer.weight.clone() for layer in (encoder, head)]
        optimizer.zero_grad()
        head(encoder(torch.ones(1, 2))).sum().backward()
        optimizer.step()
        schedule.step()
        changed = [not torch.equal(b, layer.weight) for b, layer in zip(before, (encoder, head), strict=True)]
        assert changed == [step >= 3, True]


def test_each_layer_of_the_encoder_learns_at_a_share_of_the_next() -> None:
    first, frozen, last, head = (nn.Linear(2, 2) for _ in range(4))
    frozen.requires_grad_(False)
    optimizer = build_optimizer(
        "adamw", [p for layer in (first, frozen, last, head) for p in layer.parameters()],
        lr=LR, weight_decay=DECAY, momentum=MOMENTUM, encoder_lr_factor=0.5, encoder_layer_decay=0.8,
        encoder=[layer.parameters() for layer in (first, frozen, last)],
    )  # fmt: skip
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([LR * 0.5 * 0.64, LR * 0.5, LR])
    assert [group["params"][0] is layer.weight for group, layer in
            zip(optimizer.param_groups, (first, last, head), strict=True)] == [True] * 3  # fmt: skip
    schedule = build_schedule("constant", optimizer, total_steps=8, head_only_steps=2)
    assert [group["lr"] for group in optimizer.param_groups] == [0, 0, LR]
    for _ in range(2):
        optimizer.step()
        schedule.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(LR * 0.5 * 0.64)


def test_a_factor_of_one_leaves_one_group() -> None:
    encoder = nn.Linear(2, 2)
    optimizer = build_optimizer(
        "adam", encoder.parameters(), lr=LR, weight_decay=0, momentum=0, encoder=[encoder.parameters()]
    )
    assert len(optimizer.param_groups) == 1


def rates(name: str, total: int, warmup: int = 0, **options: Any) -> list[float]:
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


def theirs(schedule: torch.optim.lr_scheduler.LRScheduler, steps: int) -> list[float]:
    """The rates of one of torch's schedules."""
    values = []
    for _ in range(steps):
        values.append(schedule.optimizer.param_groups[0]["lr"])
        schedule.optimizer.step()
        schedule.step()
    return values


@pytest.mark.parametrize("milestones", [(0.5,), (0.3, 0.6, 0.9)])
def test_step_equals_torchs_multi_step(milestones: tuple[float, ...]) -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], LR)
    steps = [round(20 * milestone) for milestone in milestones]
    expected = theirs(torch.optim.lr_scheduler.MultiStepLR(optimizer, steps, gamma=0.2), 20)
    assert rates("step", 20, milestones=milestones, factor=0.2)[:20] == pytest.approx(expected)


@pytest.mark.parametrize(("total", "peak"), [(20, 0.3), (57, 0.1), (100, 0.5), (10, 0.33)])
def test_one_cycle_equals_torchs_without_its_cycle_of_momentum(total: int, peak: float) -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], LR)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total, pct_start=peak, cycle_momentum=False)
    assert rates("one_cycle", total, peak=peak)[:total] == pytest.approx([*theirs(cycle, total - 1), LR / 25e4])


@pytest.mark.parametrize("total", [1, 2, 3])
@pytest.mark.parametrize("name", ["cosine", "polynomial", "step", "one_cycle"])
def test_a_training_of_few_steps_has_rates_too(name: str, total: int) -> None:
    assert all(0 <= rate <= LR for rate in rates(name, total))


@pytest.mark.parametrize(("name", "end"), [("polynomial", 0.0), ("one_cycle", LR / 25e4)])
def test_steps_beyond_the_end_stay_at_the_end(name: str, end: float) -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], LR)
    schedule = build_schedule(name, optimizer, total_steps=3)
    for _ in range(7):
        optimizer.step()
        schedule.step()
    assert math.isclose(optimizer.param_groups[0]["lr"], end, abs_tol=1e-12)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_fused_kernels_take_the_steps_of_the_plain_ones(name: str) -> None:
    ends = []
    for fused in (False, True):
        parameter = nn.Parameter(torch.tensor([START, -START]))
        optimizer = build_optimizer(name, [parameter], lr=LR, weight_decay=DECAY, momentum=MOMENTUM, fused=fused)
        assert optimizer.param_groups[0]["fused"] is (True if fused else None)
        for _ in range(3):
            parameter.grad = torch.tensor([GRADIENT, 2 * GRADIENT])
            optimizer.step()
        ends.append(parameter.tolist())
    assert ends[1] == pytest.approx(ends[0], rel=1e-6)
