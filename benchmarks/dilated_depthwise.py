"""Dilated depthwise convolutions in bfloat16 on a CPU: PyTorch's, and those that a training computes without dilation.

``python benchmarks/dilated_depthwise.py`` prints milliseconds of one convolution with its gradients, forward and
backward, for the sizes that DeepLabV3+ on MobileNetV2 has at a crop of 320 pixels, and their ratio. The two take turns.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Sequence

import torch
from torch import nn

from maskwright.models.dilated_depthwise import speed_up_dilated

SIZES = ((960, 20, 2), (1280, 20, 4), (1280, 20, 7), (1280, 20, 11))


def milliseconds(model: nn.Module, images: torch.Tensor, weights: torch.Tensor) -> float:
    """Return the time of one pass forward and backward."""
    started = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16):
        output = model(images)
    output.backward(weights)
    return 1e3 * (time.perf_counter() - started)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args(arguments)
    print(f"{'channels':>8} {'side':>5} {'dilation':>8} {'PyTorch':>9} {'split':>7} {'ratio':>6}")
    for channels, side, dilation in SIZES:
        usual = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, dilation, dilation, channels, bias=False))
        split = copy.deepcopy(usual)
        speed_up_dilated(split)
        images, weights = (
            torch.randn(options.batch, channels, side, side)
            .bfloat16()
            .contiguous(memory_format=torch.channels_last)
            .requires_grad_(needed)
            for needed in (True, False)
        )
        times: list[tuple[float, float]] = [
            (milliseconds(usual, images, weights), milliseconds(split, images, weights))
            for _ in range(options.rounds + 1)
        ]
        one, two = (statistics.median(column) for column in zip(*times[1:], strict=True))
        print(f"{channels:8} {side:5} {dilation:8} {one:9.1f} {two:7.1f} {two / one:6.2f}")


if __name__ == "__main__":
    main()
