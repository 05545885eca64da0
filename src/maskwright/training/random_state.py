"""The random numbers that training itself draws (dropout, proposals); samples have seeds of their own."""

from typing import Any

import torch


def seed_epoch(seed: int, epoch: int, process: int = 0) -> None:
    """Seed torch's generators for ``epoch``, in each process of a training by another number."""
    torch.manual_seed(seed * 1_000_003 + epoch + process * 1_000_000_007)


def random_state(device: torch.device) -> dict[str, Any]:
    """The state of torch's generators on the CPU and on ``device``, if it is a CUDA device."""
    cuda = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def restore_random_state(state: dict[str, Any], device: torch.device) -> None:
    """Continue the generators from :func:`random_state`."""
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and state["cuda"] is not None:
        torch.cuda.set_rng_state(state["cuda"], device)
