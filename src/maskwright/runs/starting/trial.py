"""Try a recipe's model for a few seconds on invented images: what does a training step of an image cost here?"""

import math
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import nn

from maskwright.errors import DataError
from maskwright.images.decode import image_size, read_image
from maskwright.limits import input_limit
from maskwright.models.catalogue import find_model
from maskwright.models.losses.catalogue import build_loss
from maskwright.parallel.pool import cores
from maskwright.parallel.waiting_threads import threads_give_way
from maskwright.recipes.fitting.figures import Machine, StepCost
from maskwright.recipes.schema import Recipe
from maskwright.runs.context import build_model, input_size
from maskwright.runs.folder import hardware
from maskwright.runs.processes import free_threads, torch_threads
from maskwright.runs.training import build_recipe_optimizer
from maskwright.training.device import resolve_device, resolve_precision

_SECONDS = 3.0


def this_machine() -> Machine:
    """Return the device that ``train.device: auto`` takes here, with its memory."""
    device = resolve_device("auto")
    if device == "cuda":
        properties = torch.cuda.get_device_properties(0)
        return Machine(device, properties.name, cores(), properties.total_memory / 2**30)
    name = "Apple GPU" if device == "mps" else "CPU"
    return Machine(device, name, cores(), hardware()["memory_gib"])


def try_steps(
    recipe: Recipe, side: float, objects: int, files: Iterable[Path] = (), seconds: float = _SECONDS
) -> StepCost:
    """Return the cost of an image in training steps of ``recipe``, tried for about ``seconds`` after a first step.

    A step has two images, or four of a semantic model on a CPU, where each of four costs less than each of two. They
    are noise at the recipe's size, with ``objects`` objects whose side is the share ``side`` of the image. A step has
    the threads that a run of ``recipe`` would have now. The weights are random, so that nothing is read or fetched;
    ``files`` are a few images that are decoded to time the loading. The random numbers of torch are afterwards as they
    were before.
    """
    device = torch.device(resolve_device(recipe.train.device))
    batch = 4 if recipe.task == "semantic" and device.type == "cpu" else 2
    before = torch.get_rng_state()
    threads = free_threads() if recipe.train.threads == "free" else recipe.train.threads
    try:
        torch.manual_seed(recipe.seed)
        with torch_threads(threads), threads_give_way():
            step = _step(recipe, device, batch, side, max(1, objects))
            held = _held_memory(device)
            step()  # the first one allocates, and on a GPU chooses kernels
            started, taken = time.perf_counter(), 0
            while taken == 0 or time.perf_counter() - started < seconds:
                step()
                taken += 1
            spent = (time.perf_counter() - started) / taken / batch
        memory = max(0.0, _held_memory(device) - held) / batch
    finally:
        torch.set_rng_state(before)
        if device.type == "cuda":
            torch.cuda.empty_cache()
    return StepCost(spent, recipe.model.input.size, _loading(files), memory or None)


def _step(recipe: Recipe, device: torch.device, images: int, side: float, objects: int) -> Callable[[], None]:
    """Return a function that does one training step of a batch of ``images``, and waits for the device."""
    unloaded = recipe.model_copy(update={"model": recipe.model.model_copy(update={"weights": "none"})})
    model, _ = build_model(unloaded, list(recipe.classes))
    model = model.to(device).train()
    optimizer = build_recipe_optimizer(recipe, model, device)
    losses = _instance_losses if recipe.task == "instance" else _semantic_losses
    batch = losses(recipe, model, device, images, side, objects)
    half = resolve_precision(recipe.train.precision, device) != "32-true"

    def step() -> None:
        with torch.autocast(device.type, torch.bfloat16) if half else nullcontext():
            loss = torch.stack([value.float() for value in batch().values()]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        float(loss.detach())  # waits for the device

    return step


def _instance_losses(
    recipe: Recipe, model: nn.Module, device: torch.device, number: int, side: float, objects: int
) -> Callable[[], Any]:
    height, width = input_size(recipe.model.name, recipe.model.options, recipe.model.input).of((900, 1200))
    short = min(height, width)
    extent = min(max(4.0, side * short), short - 1.0)
    images, targets = [], []
    for _ in range(number):
        images.append(torch.rand(3, height, width, device=device))
        corners = torch.rand(objects, 2) * torch.tensor([width - extent, height - extent])
        boxes = torch.cat([corners, corners + extent], 1)
        masks = torch.zeros(objects, height, width, dtype=torch.uint8)
        for mask, (x, y, right, low) in zip(masks, boxes.int().tolist(), strict=True):
            mask[y : low + 1, x : right + 1] = 1
        labels = torch.randint(1, len(recipe.classes) + 1, (objects,))
        targets.append({"boxes": boxes.to(device), "labels": labels.to(device), "masks": masks.to(device)})
    return lambda: model(images, targets)


def _semantic_losses(
    recipe: Recipe, model: nn.Module, device: torch.device, number: int, side: float, objects: int
) -> Callable[[], Any]:
    size = recipe.model.input.size
    images = torch.rand(number, 3, size, size, device=device)
    if recipe.train.channels_last:
        model.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, len(recipe.classes) + 1, (number, size, size), device=device)
    if find_model(recipe.model.name).own_losses:
        return lambda: model(images, labels)
    loss = build_loss(recipe.loss.name, 255 if len(recipe.classes) < 255 else 65535)
    return lambda: loss(model(images)["logits"].float(), labels)


def _loading(files: Iterable[Path]) -> float:
    """Return the mean seconds to decode one of ``files``; 0 without a file that can be read."""
    times = []
    for file in files:
        started = time.perf_counter()
        try:
            if math.prod(image_size(file)) > input_limit("predicted-pixels"):  # beside the model in memory
                continue
            read_image(file)
        except DataError:
            continue
        times.append(time.perf_counter() - started)
    return sum(times) / len(times) if times else 0.0


def _held_memory(device: torch.device) -> float:
    """Return the most memory in GiB that this process has held: of the GPU, or of the machine."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**30
    if sys.platform == "win32":  # which has no module resource
        return 0.0
    import resource

    unit = 1 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
