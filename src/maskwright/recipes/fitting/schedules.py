"""The choice of batch, epochs and parts, by the cost of a step, the memory and the minutes."""

import math
from dataclasses import dataclass

from maskwright.recipes.fitting.figures import Machine, StepCost
from maskwright.recipes.fitting.sizes import smaller_sizes
from maskwright.structures import Task

# Of the minutes, what is left for training: the seconds are for imports, checks, the trial and the page, the share for
# steps that turn out slower than those of the trial.
_SHARE, _START_SECONDS = 0.92, 20
MOST_EPOCHS, FEWEST_EPOCHS, VALIDATIONS = 150, 12, 4
# Two more at the end: the evaluation, and the pixels that only it counts.
_SCORINGS = VALIDATIONS + 2
# Steps teach, not epochs: of 80 photographs from random weights 100 steps at 256 pixels leave all of them background.
_FEWEST_STEPS, _FEWEST_STEPS_FROM_RANDOM = 150, 600
# So many images are few: smaller batches give more steps.
_FEW_IMAGES = 400
# An image that is validated costs no gradients and no update.
_VALIDATED = 0.5
_MOST_VALIDATED, _FEWEST_VALIDATED = 1000, 40


@dataclass(frozen=True)
class PartSizes:
    """The numbers of images: to train on, to validate on, and ``unused`` ones for which there is no time."""

    train: int
    validation: int
    unused: int = 0

    @property
    def ratios(self) -> tuple[int, ...]:
        """The numbers that are not zero, as the ratios of a split."""
        return (self.train, self.validation, *([self.unused] if self.unused else []))


@dataclass(frozen=True)
class TimePlan:
    """The length of a training: its input ``size``, epochs, epochs between validations, and ``minutes`` expected."""

    size: int
    parts: PartSizes
    batch_size: int
    epochs: int
    validate_every: int
    minutes: float
    reason: str

    @property
    def steps(self) -> int:
        """The number of optimiser steps."""
        return self.epochs * (self.parts.train // self.batch_size)


def choose_batch(task: Task, machine: Machine, cost: StepCost, images: int) -> tuple[int, str]:
    """Return the batch size for so many training ``images``, and what it rests on.

    On a GPU it grows to 16 while a batch takes less than 60 % of the memory, on a CPU it is 4, or 8 for semantic models
    of many images, less where a quarter of the memory would not do.
    """
    wanted = 16 if machine.has_gpu else 4 if task == "instance" or images < _FEW_IMAGES else 8
    share = 0.6 if machine.has_gpu else 0.25
    if machine.has_gpu and cost.memory_gib is None:
        wanted = 4 if task == "instance" else 8
    batch, said = wanted, ""
    if cost.memory_gib and machine.memory_gib:
        while batch > 2 and batch * cost.memory_gib > share * machine.memory_gib:
            batch //= 2
        said = f"takes about {batch * cost.memory_gib:.1f} of {machine.memory_gib:.0f} GiB in the trial"
    # A last, smaller batch is dropped: an epoch of few images needs several batches.
    few = max(1, images // 4)
    if batch > few:
        batch, said = max(1, min(few, batch)), f"with {images} training images an epoch has four batches so"
        batch = 2 if batch == 1 and images >= 2 else batch  # BatchNorm needs two
    return batch, said or ("usual for this task; no memory was measured" if machine.has_gpu else "usual on a CPU")


def choose_parts(images: int) -> PartSizes:
    """Return the images to train and to validate on: one in five, and of large files at most 1,000."""
    validation = max(1, min(round(0.2 * images), _MOST_VALIDATED))
    return PartSizes(images - validation, validation)


def plan_time(
    minutes: float, parts: PartSizes, batch_size: int, size: int, cost: StepCost, from_random: bool = False
) -> TimePlan:
    """Return the training that fits into ``minutes``.

    A smaller input size is taken where ``size`` would leave fewer than 12 epochs or 150 steps, and ``from_random``
    weights 600. Where the smallest leaves fewer than 3 epochs, part of the images is not used.
    """
    seconds = max(0.3 * minutes * 60, _SHARE * minutes * 60 - _START_SECONDS)
    steps = _FEWEST_STEPS_FROM_RANDOM if from_random else _FEWEST_STEPS
    fewest = min(MOST_EPOCHS, max(FEWEST_EPOCHS, math.ceil(steps / max(1, parts.train // batch_size))))
    chosen = next(
        (each for each in smaller_sizes(size) if _epochs(seconds, parts, cost, each) >= fewest),
        smaller_sizes(size)[-1],
    )
    if _epochs(seconds, parts, cost, chosen) < 3:
        parts = _fewer(parts, seconds / _seconds(3, parts, cost, chosen))
    epochs = max(1, min(MOST_EPOCHS, int(_epochs(seconds, parts, cost, chosen))))
    taken = (_seconds(epochs, parts, cost, chosen) + _START_SECONDS) / 60
    found = f"measured here: {cost.at(chosen):.3f} s for an image" if cost.measured else "an estimate, not measured"
    found += f", {cost.at(chosen) * parts.train:.1f} s for an epoch; with {VALIDATIONS} validations, the evaluation "
    found += f"and the page about {taken:.1f} of {minutes:g} minutes"
    if epochs == MOST_EPOCHS:
        found += f". More than {MOST_EPOCHS} epochs would repeat, not teach"
    if chosen < size:
        found += f". The size is {chosen}, not {size}, so that there are more epochs"
    return TimePlan(chosen, parts, batch_size, epochs, max(1, math.ceil(epochs / VALIDATIONS)), taken, found)


def choose_warmup(steps: int) -> int:
    """Return the optimiser steps of warm-up: a tenth of the training, at most 250."""
    return min(250, steps // 10)


def _seconds(epochs: float, parts: PartSizes, cost: StepCost, size: int) -> float:
    """Return the seconds of ``epochs`` with the validations and the evaluation."""
    return (epochs * parts.train + _VALIDATED * parts.validation * _SCORINGS) * max(1e-6, cost.at(size))


def _epochs(seconds: float, parts: PartSizes, cost: StepCost, size: int) -> float:
    """Return the epochs that fit into ``seconds`` with the validations and the evaluation."""
    left = seconds - _seconds(0, parts, cost, size)
    return max(0.0, left / (parts.train * max(1e-6, cost.at(size))))


def _fewer(parts: PartSizes, share: float) -> PartSizes:
    """Return parts with ``share`` of the images, and the others unused."""
    total = parts.train + parts.validation + parts.unused
    # A score on fewer images than that says little, and costs little.
    train, validation = max(8, int(parts.train * share)), max(_FEWEST_VALIDATED, int(parts.validation * share))
    train, validation = min(train, parts.train), min(validation, parts.validation)
    return PartSizes(train, validation, total - train - validation)
