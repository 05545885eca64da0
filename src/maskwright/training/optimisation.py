"""Optimisers and learning-rate schedules by name."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR

# Maps a share of the training, 0..1, to a factor of the optimiser's learning rate.
RateCurve = Callable[[float], float]


def build_optimizer(
    name: str,
    parameters: Iterable[torch.nn.Parameter],
    *,
    lr: float,
    weight_decay: float,
    momentum: float,
    encoder: Iterable[Iterable[torch.nn.Parameter]] = (),
    encoder_lr_factor: float = 1.0,
    encoder_layer_decay: float = 1.0,
    encoder_apart: bool = False,
    fused: bool = False,
) -> torch.optim.Optimizer:
    """Return Adam, AdamW or SGD over the ``parameters`` that require gradients.

    ``name`` is ``adam``, ``adamw`` or ``sgd``. ``weight_decay`` is L2 regularisation in Adam and SGD and decoupled in
    AdamW, as in torch. ``momentum`` is for SGD alone. The ``encoder`` has its parameters by layer, from the image on.
    Those of its last layer get the rate ``lr`` times ``encoder_lr_factor``, those of each layer before it
    ``encoder_layer_decay`` times the rate of the next (Bao et al. 2021, arXiv:2106.08254, appendix). Layers are
    parameter groups of their own, the first ones, where a factor is not 1 or ``encoder_apart`` is set. The last group
    always has the rate ``lr``. ``fused`` updates all parameters by torch's fused kernels, see
    :func:`~maskwright.training.device.has_fused_optimizers`.
    """
    kernels = True if fused else None
    learning = [parameter for parameter in parameters if parameter.requires_grad]
    apart = encoder_lr_factor != 1 or encoder_layer_decay != 1 or encoder_apart
    layers = [{id(parameter) for parameter in layer} for layer in encoder] if apart else []
    rates = [lr * encoder_lr_factor * encoder_layer_decay**depth for depth in reversed(range(len(layers)))]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in learning if id(p) in layer], "lr": rate}
        for layer, rate in zip(layers, rates, strict=True)
    ]
    groups = [group for group in groups if group["params"] or len(layers) == 1]  # a frozen layer has none
    slower = set().union(*layers)
    groups.append({"params": [parameter for parameter in learning if id(parameter) not in slower]})
    if name == "sgd":
        return torch.optim.SGD(groups, lr, momentum=momentum, weight_decay=weight_decay, fused=kernels)
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    return kinds[name](groups, lr, weight_decay=weight_decay, fused=kernels)


def build_schedule(
    name: str,
    optimizer: torch.optim.Optimizer,
    *,
    total_steps: int,
    warmup_steps: int = 0,
    power: float = 0.9,
    milestones: Sequence[float] = (0.6, 0.9),
    factor: float = 0.1,
    peak: float = 0.3,
    head_only_steps: int = 0,
) -> LambdaLR:
    """Return a learning-rate schedule, to be stepped after each of ``total_steps`` optimiser steps.

    The rate of each parameter group is multiplied by a factor, with t from 0 to 1 over the steps after the warm-up:

    - ``constant``: 1;
    - ``cosine``: half a cosine from 1 to 0 (Loshchilov & Hutter 2016, arXiv:1608.03983, without restarts);
    - ``polynomial``: (1 − t)^``power`` (Liu et al. 2015, arXiv:1506.04579);
    - ``step``: ``factor`` to the power of how many ``milestones`` (shares of the training, 0 to 1) t has reached;
    - ``one_cycle``: from 1/25 up to 1 at t = ``peak`` and down to 1/250,000, each by half a cosine (Smith & Topin 2017,
      arXiv:1708.07120, as torch's ``OneCycleLR``; momentum stays constant).

    Over the first ``warmup_steps`` the factor grows linearly to 1; ``one_cycle`` ignores them. For the first
    ``head_only_steps`` the rate of the encoder's parameter groups, all but the last, is 0.
    """
    shapes: dict[str, RateCurve] = {
        "constant": lambda _: 1.0,
        "cosine": lambda t: 0.5 * (1 + math.cos(math.pi * t)),
        "polynomial": lambda t: (1 - t) ** power,
        "step": lambda t: factor ** sum(t >= milestone for milestone in milestones),
    }
    if name == "one_cycle":
        return LambdaLR(optimizer, _encoder_later(optimizer, _one_cycle(total_steps, peak), head_only_steps))
    shape = shapes[name]

    def share(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / (warmup_steps + 1)
        return shape(min(1.0, (step - warmup_steps) / max(1, total_steps - warmup_steps)))

    return LambdaLR(optimizer, _encoder_later(optimizer, share, head_only_steps))


def _encoder_later(
    optimizer: torch.optim.Optimizer, share: Callable[[int], float], start: int
) -> list[Callable[[int], float]]:
    """Return ``share`` for every parameter group, but 0 for the encoder's, all but the last, before step ``start``."""
    later = (lambda step: share(step) if step >= start else 0.0) if start else share
    return [*([later] * (len(optimizer.param_groups) - 1)), share]


def _one_cycle(total_steps: int, peak: float) -> Callable[[int], float]:
    start, end = 1 / 25, 1 / 25e4
    # As torch counts: the last step has the lowest rate, and the peak lies a step before its share.
    top, last = max(peak * total_steps - 1, 0.0), max(total_steps - 1, 1)

    def share(step: int) -> float:
        if step <= top:
            return _half_cosine(start, 1.0, step / max(top, 1e-9))
        return _half_cosine(1.0, end, min(1.0, (step - top) / max(last - top, 1e-9)))

    return share


def _half_cosine(start: float, end: float, t: float) -> float:
    """Return the value at t (0 to 1) of half a cosine from ``start`` to ``end``, level at both ends."""
    return end + (start - end) / 2 * (1 + math.cos(math.pi * t))
