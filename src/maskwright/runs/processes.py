"""The processes of a distributed training: their devices, their slices of a batch, and the Fabric that joins them."""

import atexit
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.precision import MixedPrecision
from lightning_fabric.plugins.precision import Precision as FullPrecision
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import nn

from maskwright.errors import UsageError
from maskwright.models.catalogue import find_model
from maskwright.parallel.free_cores import free_cores
from maskwright.parallel.torchrun import MEETING_FILE, is_launched
from maskwright.recipes.schema import Recipe
from maskwright.recipes.training import Train
from maskwright.runs.folder import OpenRun
from maskwright.training.device import resolve_device, resolve_precision

# The timeout of a collective: a process may wait for another's validation images or a checkpoint on a slow disk.
_PATIENCE = timedelta(minutes=30)


def require_devices(recipe: Recipe, nodes: int = 1) -> None:
    """Raise ``UsageError`` when the machine has too few GPUs or a batch cannot be divided equally among devices."""
    devices, cuda = recipe.train.devices, torch.cuda.device_count()
    if device_of(recipe.train) == "cuda" and devices > cuda:
        raise UsageError(f"train.devices {devices}: this machine has {cuda} GPUs; expected at most {cuda}.")
    _require_slices(recipe.train.batch_size, devices * nodes)


def build_fabric(recipe: Recipe) -> Fabric:
    """Return Lightning Fabric for the recipe's device; under torchrun, joined to the other processes.

    Raises ``UsageError`` when there is no such device here, or a batch cannot be divided equally among the processes.
    """
    train = recipe.train
    if not is_launched():
        device = device_of(train)
        return Fabric(accelerator=device, devices=1, plugins=[_precision(train, device)])
    _require_slices(train.batch_size, int(os.environ["WORLD_SIZE"]))
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it logs a banner in every process
    # A head without a loss gets no gradients, and DDP would wait for them.
    idle = find_model(recipe.model.name).idle_parameters or (recipe.task == "semantic" and not recipe.loss.auxiliary)
    device = device_of(train, shared=True)
    fabric = Fabric(
        accelerator=device,
        devices=int(os.environ["LOCAL_WORLD_SIZE"]),
        num_nodes=int(os.environ["GROUP_WORLD_SIZE"]),
        strategy=DDPStrategy(timeout=_PATIENCE, find_unused_parameters=idle),
        plugins=[_precision(train, device)],
    )
    if MEETING_FILE in os.environ:
        _meet(Path(os.environ[MEETING_FILE]), fabric.device)
    fabric.launch()
    return fabric


def _meet(file: Path, device: torch.device) -> None:
    """Join the processes of one machine through ``file``; Fabric takes the group that it finds.

    Fabric's own way is a port, where torch asks a name server what 127.0.0.1 is called, for its log.
    """
    processes = int(os.environ["WORLD_SIZE"])
    torch.distributed.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        store=torch.distributed.FileStore(str(file), processes),  # type: ignore[attr-defined]
        rank=int(os.environ["RANK"]),
        world_size=processes,
        timeout=_PATIENCE,
        device_id=device if device.type == "cuda" else None,
    )
    if device.type == "cuda":
        atexit.register(_part)


def _part() -> None:
    """Leave the process group, which NCCL warns about at the end of a process."""
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


@contextmanager
def torch_threads(threads: int | None) -> Iterator[None]:
    """Compute with so many ``threads`` inside the context; None changes nothing."""
    if threads is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def free_threads() -> int:
    """Return the threads of ``train.threads: free``: one for each core that is free, at most as many as torch has now.

    So ``OMP_NUM_THREADS`` bounds them. It takes 0.4 seconds.
    """
    return min(free_cores(), torch.get_num_threads())


def threads_of(run: OpenRun) -> int | None:
    """Return the threads that ``run`` computes with, or None for torch's own number.

    ``train.threads: free`` is settled when the run first computes. Its card keeps the number, so that a run that goes
    on rounds as it began. Processes that torchrun launched keep torchrun's.
    """
    wanted = run.recipe.train.threads
    if wanted != "free":
        return wanted
    if is_launched():
        return None
    threads = run.card().get("threads")
    if threads is None:
        threads = free_threads()
        run.update_card(threads=threads)
        run.reporter.say(f"threads: {threads}, the cores that other programs leave free (train.threads: free)")
    return threads


def device_of(train: Train, shared: bool | None = None) -> str:
    """Return ``cpu``, ``cuda`` or ``mps``: the device of the recipe's ``train``.

    ``shared`` says whether several processes share the training; None goes by ``devices``.

    Raises ``UsageError`` when there is no such device here.
    """
    return resolve_device(train.device, "train.device", train.devices > 1 if shared is None else shared)


def _precision(train: Train, device: str) -> FullPrecision:
    name = resolve_precision(train.precision, device)
    return FullPrecision() if name == "32-true" else _FullInputs(name, device)


class _FullInputs(MixedPrecision):
    """Fabric's mixed precision that leaves the inputs of a model in float32; autocast chooses the type of each layer.

    Fabric rounds all of them to the half type. In bfloat16 the true boxes of a detector would lie on a grid of 2 pixels
    beyond 256, and a box of less than that could be empty.
    """

    def convert_input(self, data: Any) -> Any:
        """Return ``data`` as it is."""
        return data


def sync_batch_norm(model: nn.Module, fabric: Fabric) -> nn.Module:
    """Return ``model`` with synchronised BatchNorm where several GPUs share a batch.

    torch has it for GPUs only. On CPUs each process normalises over its slice of the batch.
    """
    if fabric.world_size > 1 and fabric.device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    return model


def _require_slices(batch_size: int, processes: int) -> None:
    if batch_size % processes:
        below = batch_size // processes * processes
        nearest = f"{below} or {below + processes}" if below else f"{processes}"
        raise UsageError(
            f"train.batch_size {batch_size}: cannot be divided equally among {processes} devices; expected a multiple "
            f"of {processes}. Use {nearest}."
        )
