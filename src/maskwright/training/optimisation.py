"""Optimisers and learning-rate schedules by name."""

import math
from collections.abc import Callable, Iterable

import torch
from torch.optim.lr_scheduler import LambdaLR


def build_optimizer(
    name: str, parameters: Iterable[torch.nn.Parameter], *, lr: float, weight_decay: float, momentum: float
) -> torch.optim.Optimizer:
    """Adam, AdamW or SGD over the parameters that learn; ``momentum`` is SGD's."""
    learning = [parameter for parameter in parameters if parameter.requires_grad]
    if name == "sgd":
        return torch.optim.SGD(learning, lr, momentum=momentum, weight_decay=weight_decay)
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    return kinds[name](learning, lr, weight_decay=weight_decay)


def build_schedule(
    name: str, optimizer: torch.optim.Optimizer, *, total_steps: int, warmup_steps: int = 0, power: float = 0.9
) -> LambdaLR:
    """A schedule that is stepped after every optimiser step.

    ``constant``; ``cosine`` (Loshchilov & Hutter 2016, arXiv:1608.03983, without restarts); ``polynomial``
    (1 − t)^power (Liu et al. 2015, arXiv:1506.04579). The first ``warmup_steps`` grow linearly.
    """
    shapes: dict[str, Callable[[float], float]] = {
        "constant": lambda _: 1.0,
        "cosine": lambda t: 0.5 * (1 + math.cos(math.pi * t)),
        "polynomial": lambda t: (1 - t) ** power,
    }
    shape = shapes[name]

    def factor(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / (warmup_steps + 1)
        return shape(min(1.0, (step - warmup_steps) / max(1, total_steps - warmup_steps)))

    return LambdaLR(optimizer, factor)
