"""The exponential moving average of a model's weights, which is smoother than any single step.

Polyak & Juditsky 1992; the growing decay of the first steps follows TensorFlow's ExponentialMovingAverage.
"""

import torch
from torch import nn


class MovingAverage:
    """Averages every floating-point entry of a model's state; counters are copied."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.state = {key: value.detach().clone() for key, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move towards the model's current weights; early steps move faster, because the start is no estimate."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for key, value in model.state_dict().items():
            if value.is_floating_point():
                self.state[key].lerp_(value, 1 - decay)
            else:
                self.state[key].copy_(value)
