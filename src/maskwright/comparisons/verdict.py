"""The verdict of a comparison: which model is better by how much, or how many images could tell."""

import math
from collections.abc import Sequence

from maskwright.comparisons.paired import Difference, images_needed

LABELS = {"segm AP": "mask AP", "bbox AP": "box AP", "mIoU": "mean IoU"}
# More images than this are as good as none.
_MOST_IMAGES = 1_000_000


def is_shown(difference: Difference, level: float) -> bool:
    """Return whether a difference is shown: by its interval, and by its corrected p value.

    The interval covers other images and other trainings, the p value many comparisons.
    """
    found = difference.estimate.interval(level)
    low, high = found["low"], found["high"]
    if low is None or high is None or difference.p_holm is None:
        return False
    return (low > 0 or high < 0) and difference.p_holm < 1 - level


def verdict(difference: Difference, names: Sequence[str], images: int, level: float) -> str:
    """Return a sentence on the headline ``difference`` of two of the models ``names`` on so many ``images``."""
    of, less, label = names[difference.of], names[difference.less], LABELS.get(difference.measure.name, "score")
    found = difference.estimate.interval(level)
    value, low, high = found["value"], found["low"], found["high"]
    if value is None or low is None or high is None:
        return f"{of} and {less} cannot be compared: {label} is undefined on these images."
    if value < 0 and is_shown(difference, level):
        of, less, value, low, high = less, of, -value, -high, -low
    shown = f"{100 * level:g} % interval {_number(low)} to {_number(high)}, p = {_p(difference.p_holm)}"
    if is_shown(difference, level):
        return f"{of} is better than {less} by {_number(value)} {label} ({shown})."
    if low == high == 0:
        return f"No difference shown: {of} and {less} score the same {label} on any of these {images:,} images."
    return (
        f"No difference shown: {of} less {less} is {_number(value)} {label} ({shown}). {images:,} images cannot tell; "
        f"{_enough(difference, images, level)}."
    )


def rounded_images(number: int) -> int:
    """Return a number of images with two digits; more would pretend to know."""
    if number < 100:
        return number
    step = 10 ** (int(math.log10(number)) - 1)
    return round(number / step) * step


def _enough(difference: Difference, images: int, level: float) -> str:
    needed = images_needed(difference.estimate, images, level)
    if needed is None or needed > _MOST_IMAGES:
        return "no number that can be collected would, if the difference is as small as it seems"
    if needed <= images:
        return "about twice as many may, if the difference is what it seems"
    return f"about {rounded_images(needed):,} would, if the difference is what it seems"


def _number(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")


def _p(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"
