"""The choice of the input size and the anchors, by the sizes of the objects."""

import math
from dataclasses import dataclass

from maskwright.recipes.fitting.figures import DataFigures
from maskwright.structures import Task

# The smallest input by task. A shorter training gets no smaller one than 96, at which photographs still show objects.
STEP, SMALLEST, _SMALLEST_FOR_TIME = 32, {"instance": 96, "semantic": 64}, 96
# The largest input that trains in reasonable time, by task, without and with a GPU.
_LARGEST = {("instance", False): 320, ("instance", True): 800, ("semantic", False): 256, ("semantic", True): 512}
# The side in pixels that an object of the smaller quarter is to have. Mask R-CNN's finest map has a cell for every four
# pixels and its mask head sees 14 cells; DeepLab's decoder has one for every eight.
_WANTED: dict[Task, int] = {"instance": 24, "semantic": 16}


@dataclass(frozen=True)
class SizeChoice:
    """The input size in pixels, and what it rests on."""

    size: int
    reason: str


def choose_size(data: DataFigures, task: Task, gpu: bool) -> SizeChoice:
    """Return the input size: large enough for small objects, and no larger than images, device and task allow."""
    small, largest, wanted = data.side(0.25), _LARGEST[task, gpu], _WANTED[task]
    own = _whole_steps(data.short_side)
    size = max(SMALLEST[task], min(_whole_steps(wanted / small) if small else largest, own, largest))
    found = f"a quarter of the objects is smaller than {100 * small:.0f} % of the image's short side, "
    found += f"{small * data.short_side:.0f} of {data.short_side} pixels; {small * size:.0f} at this size"
    if small * size < wanted and size == largest:
        found += f", where {wanted} would be better: {largest} is the most for a {'GPU' if gpu else 'CPU'}"
    return SizeChoice(size, found)


def smaller_sizes(size: int) -> list[int]:
    """Return ``size`` and those that a shorter training may take, the largest first."""
    sizes = [size]
    while sizes[-1] > _SMALLEST_FOR_TIME:
        sizes.append(max(_SMALLEST_FOR_TIME, int(sizes[-1] * 0.8) // STEP * STEP))
    return sizes


def choose_anchors(data: DataFigures, size: int) -> tuple[list[int], str]:
    """Return the five anchor sides in pixels of an image at ``size``, and what they rest on.

    They go up by a constant ratio from the smallest to the largest objects, without the outer twentieths.
    """
    low = max(8.0, data.side(0.05) * size)
    high = max(2 * low, data.side(0.95) * size)
    sizes = [round(low * (high / low) ** (step / 4)) for step in range(5)]
    return sizes, f"nine tenths of the objects have sides of {low:.0f} to {high:.0f} pixels at this size"


def _whole_steps(pixels: float) -> int:
    return math.ceil(pixels / STEP) * STEP
