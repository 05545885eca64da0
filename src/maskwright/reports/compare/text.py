"""A comparison of models on a terminal: the tables and the verdict."""

from collections.abc import Iterator

from maskwright.control_characters import escape_controls
from maskwright.reports.compare.tables import (
    Numbers,
    class_difference_table,
    difference_table,
    image_table,
    measure_label,
    score_table,
)
from maskwright.reports.terminal import text_lines

_MOST_CLASSES = 20
_MOST_IMAGES = 5


def compare_lines(numbers: Numbers) -> Iterator[str]:
    """Yield the scores of each model, the differences of each pair, the images that change most, and the verdicts."""
    yield from text_lines(score_table(numbers))
    for pair in numbers["pairs"]:
        of, less = pair["of"], pair["less"]
        yield ""
        yield from text_lines(difference_table(numbers, of, less))
        classes = class_difference_table(numbers, of, less)
        if classes.rows:
            yield ""
            yield escape_controls(f"{measure_label(numbers['headline'])} per class, largest difference first")
            yield from text_lines(classes._replace(rows=classes.rows[:_MOST_CLASSES]))
    images = image_table(numbers)
    if images.rows:
        yield ""
        yield numbers["image_score"]
        yield from text_lines(images._replace(rows=images.rows[:_MOST_IMAGES]))
    yield ""
    yield method_note(numbers)
    yield from (escape_controls(pair["verdict"]) for pair in numbers["pairs"])


def method_note(numbers: Numbers) -> str:
    """Return a sentence on the intervals and the p values."""
    samples = f"{numbers['samples']:,}"
    return (
        f"{numbers['images']:,} images. Intervals: {samples} bootstrap samples of the images, the same for all models. "
        f"p: {samples} exchanges of the models' predictions on single images; corrected for many comparisons by Holm's "
        f"method. Seed {numbers['seed']}."
    )
