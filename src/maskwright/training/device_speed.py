"""How fast a device computes, measured for about a second."""

import time
from collections.abc import Callable
from typing import Any

import torch

# Seconds of processor time.
_MEASURED_FOR = 1.0


def convolution_speed(device: str) -> float:
    """Return the multiplications and additions a second of a 3 × 3 convolution in float32 on ``device``."""
    images = torch.ones(2, 64, 56, 56, device=device)
    layer = torch.nn.Conv2d(64, 64, 3, padding=1, bias=False, device=device)
    operations = 2 * images.numel() * 64 * 9
    finish = {"cuda": torch.cuda.synchronize, "mps": torch.mps.synchronize}.get(device, lambda: None)
    with torch.inference_mode():
        return rate(lambda: layer(images), finish, operations)


def rate(work: Callable[[], Any], finish: Callable[[], Any], operations: int) -> float:
    """Return the operations a second of ``work``, done for about a second of processor or wall time.

    ``operations`` is how many each call does; ``finish`` waits until all calls are done.
    """
    work()
    finish()
    started, used, calls = time.perf_counter(), time.process_time(), 0
    while calls < 2 or max(time.process_time() - used, time.perf_counter() - started) < _MEASURED_FOR:
        work()
        finish()
        calls += 1
    return operations * calls / (time.perf_counter() - started)
