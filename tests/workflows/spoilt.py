"""Checkpoints with numbers that no training should end with."""

from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save_file


def change_weights(file: Path, value: float) -> str:
    """Set the first weight of a convolution in the model ``file`` to ``value`` throughout; returns its name."""
    with safe_open(file, framework="pt") as opened:
        metadata = opened.metadata()
    weights = load_file(file)
    name = next(name for name, tensor in weights.items() if tensor.ndim == 4)
    weights[name] = weights[name].fill_(value)
    save_file(weights, file, metadata=metadata)
    return name
