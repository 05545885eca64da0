"""The state of torch's random generators, which training itself draws from (dropout, proposal sampling).

Samples do not depend on it: each has a seed of its own (:mod:`maskwright.datasets.sampling`).
"""

from typing import Any

import torch


def seed_epoch(seed: int, epoch: int, process: int = 0) -> None:
    """Seed torch's generators for ``epoch``, with a different number in each ``process`` (its rank) of a training."""
    torch.manual_seed(seed * 1_000_003 + epoch + process * 1_000_000_007)


def random_state(device: torch.device) -> dict[str, Any]:
    """Return the state of torch's CPU generator, and of that of ``device`` where it is a GPU."""
    cuda = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    mps = torch.mps.get_rng_state() if device.type == "mps" else None
    return {"cpu": torch.get_rng_state(), "cuda": cuda, "mps": mps}


def restore_random_state(state: dict[str, Any], device: torch.device) -> None:
    """Set the generators to a state that :func:`random_state` returned, perhaps on another device or long ago."""
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and state["cuda"] is not None:
        torch.cuda.set_rng_state(state["cuda"], device)
    if device.type == "mps" and state.get("mps") is not None:
        torch.mps.set_rng_state(state["mps"])
