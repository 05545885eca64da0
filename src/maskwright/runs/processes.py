"""The processes that train together: whether this is one of them, and what joins them."""

import logging
import os
from datetime import timedelta

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import nn

from maskwright.errors import UsageError
from maskwright.recipes.schema import Recipe

# One process may wait for another's validation images, or for a checkpoint on a slow disk.
_PATIENCE = timedelta(minutes=30)


def is_launched() -> bool:
    """Whether torchrun started this process as one of several."""
    return "TORCHELASTIC_RUN_ID" in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1


def is_rank_zero() -> bool:
    """Whether this is the process that writes and speaks: the first of several, or one alone."""
    return not is_launched() or os.environ["RANK"] == "0"


def is_main_process(nodes: int = 1) -> bool:
    """Whether this process, of all that a job on ``nodes`` machines has, evaluates, reports and prints results."""
    return is_rank_zero() and node_rank(nodes) == 0


def node_rank(nodes: int) -> int:
    """Which of ``nodes`` machines this is, from 0."""
    return int(os.environ.get("NODE_RANK", "0")) if nodes > 1 else 0


def require_devices(recipe: Recipe, nodes: int = 1) -> None:
    """Raise ``UsageError`` when the machine lacks the recipe's devices or a batch has no slice for each of them."""
    devices, cuda = recipe.train.devices, torch.cuda.device_count()
    if recipe.train.device != "cpu" and cuda and devices > cuda:
        raise UsageError(f"train.devices {devices}: this machine has {cuda}; expected at most as many.")
    _require_slices(recipe.train.batch_size, devices * nodes)


def build_fabric(recipe: Recipe) -> Fabric:
    """Lightning Fabric for the recipe's device, or joined to the other processes that torchrun started.

    Raises ``UsageError`` when a batch cannot be divided among the processes.
    """
    train = recipe.train
    if not is_launched():
        return Fabric(accelerator=train.device, devices=1, precision=train.precision)
    _require_slices(train.batch_size, int(os.environ["WORLD_SIZE"]))
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # or it would announce itself in every process
    # A head that costs nothing gets no gradients, for which the exchange of gradients would wait.
    idle_head = recipe.task == "semantic" and not recipe.loss.auxiliary
    fabric = Fabric(
        accelerator=train.device,
        devices=int(os.environ["LOCAL_WORLD_SIZE"]),
        num_nodes=int(os.environ["GROUP_WORLD_SIZE"]),
        strategy=DDPStrategy(timeout=_PATIENCE, find_unused_parameters=idle_head),
        precision=train.precision,
    )
    fabric.launch()
    return fabric


def sync_batch_norm(model: nn.Module, fabric: Fabric) -> nn.Module:
    """``model``, whose BatchNorm takes its statistics over the whole batch where several GPUs share one.

    torch has it for GPUs only; on CPUs each process normalises by its slice.
    """
    if fabric.world_size > 1 and fabric.device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    return model


def _require_slices(batch_size: int, processes: int) -> None:
    if batch_size % processes:
        below = batch_size // processes * processes
        nearest = f"{below} or {below + processes}" if below else f"{processes}"
        raise UsageError(
            f"train.batch_size {batch_size}: has no {processes} equal slices, one for each device; expected a multiple "
            f"of {processes}. Use {nearest}."
        )
