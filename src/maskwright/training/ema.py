"""The exponential moving average (EMA) of a model's weights, which is smoother than the weights of any single step.

Polyak & Juditsky 1992, "Acceleration of stochastic approximation by averaging". The smaller decay of the first steps
follows TensorFlow's ``ExponentialMovingAverage``.
"""

import torch
from torch import nn


class MovingAverage:
    """The moving average of every floating-point entry of a model's state; other entries, such as counters, are copied.

    ``state`` holds the averaged entries by name, on the device of the model. ``steps`` counts the updates.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        """Start from the weights of ``model``; ``decay`` (0 up to 1) is the share of the average kept at each step."""
        self.decay, self.steps = decay, 0
        self.state = {key: value.detach().clone() for key, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move the average towards the current weights of ``model``.

        At update t the decay is min(``decay``, (1 + t) / (10 + t)). The smaller decay of the first updates lets the
        average forget the initial weights quickly.
        """
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for key, value in model.state_dict().items():
            if value.is_floating_point():
                self.state[key].lerp_(value, 1 - decay)
            else:
                self.state[key].copy_(value)
