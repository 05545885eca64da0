"""The key figures of a data set, for the terminal and the head of its page."""

import numpy as np

from maskwright.annotations.statistics.dataset import Statistics
from maskwright.annotations.statistics.imbalance import Imbalance
from maskwright.annotations.statistics.object_sizes import count_sizes
from maskwright.errors import some_of
from maskwright.reports.short_numbers import percent
from maskwright.reports.tables import ABSENT, count_cell


def summary_sentence(statistics: Statistics) -> str:
    """Return the number of instances, classes and images as one sentence."""
    return (
        f"{_counted(statistics.instances, 'instance')} of {_counted(len(statistics.table), 'class', 'classes')} "
        f"on {_counted(statistics.images, 'image')}."
    )


def facts(statistics: Statistics) -> list[tuple[str, str]]:
    """Return the labels and values of the key figures.

    Empty images show no instance. Instances per image are the median and the range. Small objects have an area below
    32² pixels, as in COCO. Background is a share of all pixels. Shared pixels lie under several objects; their share is
    that of the pixels under any object.
    """
    pixels, sizes = statistics.pixels, count_sizes(statistics.areas)
    return [
        ("images", count_cell(statistics.images)),
        ("empty images", count_cell(statistics.instances_per_image[0])),
        ("crowd regions", count_cell(statistics.crowds)),
        ("instances per image", _per_image(statistics)),
        ("small objects", _share(sizes["small"], statistics.instances)),
        ("background", _share(pixels.background, pixels.total)),
        ("shared pixels", _share(pixels.contested, pixels.objects)),
    ]


def balance(statistics: Statistics) -> list[str]:
    """Return sentences on how evenly instances and pixels are spread over the classes."""
    instances, pixels = statistics.imbalance("instances"), statistics.imbalance("covered_pixels")
    if instances is None:
        return ["There is no instance of these classes."]
    if instances.evenness is None:
        return []
    sentences = [
        f"Most instances: {instances.largest[0]} ({instances.largest[1]:,}). Fewest: {_rarest(statistics, instances)} "
        f"({instances.smallest[1]:,}), a ratio of {_ratio(instances.ratio)} to 1.",
        f"The instances are as mixed as {instances.effective_classes:.1f} equally frequent classes would be "
        f"(evenness {instances.evenness:.2f} of 1).",
    ]
    if pixels is not None:
        sentence = f"Most pixels: {pixels.largest[0]}. Fewest: {pixels.smallest[0]}, {_ratio(pixels.ratio)} to 1."
        sentences.insert(1, sentence)
    if instances.absent:
        sentences.append(f"Without an instance: {some_of(instances.absent, 12)}.")
    return sentences


def _rarest(statistics: Statistics, found: Imbalance) -> str:
    others = sum(counts.instances == found.smallest[1] for counts in statistics.classes) - 1
    return found.smallest[0] + (f" and {_counted(others, 'other')}" if others else "")


def _per_image(statistics: Statistics) -> str:
    """Return the median and the range of the instances per image."""
    if not statistics.images:
        return ABSENT
    numbers = np.repeat(*(np.array(part) for part in zip(*statistics.instances_per_image.items(), strict=True)))
    median = f"{np.median(numbers):,.1f}".removesuffix(".0")
    return f"{median} ({numbers.min():,} to {numbers.max():,})"


def _ratio(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _share(part: int, whole: int) -> str:
    return percent(part / whole) if whole else ABSENT


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
