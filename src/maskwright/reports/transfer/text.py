"""A transfer on a terminal: the tables of each target, and the conclusion."""

from collections.abc import Iterator

from maskwright.control_characters import escape_controls
from maskwright.evaluation.instances.tide import TIDE_ERRORS
from maskwright.reports.terminal import text_lines
from maskwright.reports.transfer.tables import (
    Numbers,
    difference_table,
    error_table,
    gap_table,
    model_table,
    per_class_table,
    sentences,
    summary_table,
)


def transfer_lines(numbers: Numbers) -> Iterator[str]:
    """Yield what is compared by which rule, the tables of every target and model, and the conclusion."""
    for name, target in numbers["targets"].items():
        yield escape_controls(
            f"from the source ({target['images']['source']} images) to {name} ({target['images']['target']})"
        )
        yield from (escape_controls(line) for line in target["rule"])
        yield from (escape_controls(f"not compared: {missing}: {why}") for missing, why in target["left_out"].items())
        yield ""
        yield from text_lines(summary_table(target))
        for model, row in target["models"].items():
            yield ""
            yield escape_controls(f"{model} on the source and on {name}")
            for table in (model_table(row), per_class_table(row), error_table(row)):
                yield from text_lines(table)
                yield ""
        yield "errors: " + "; ".join(f"{kind}: {meaning}" for kind, meaning in TIDE_ERRORS.items())
        yield ""
        if target["differences"]:
            yield from text_lines(difference_table(target["differences"]))
            yield ""
        if target["gaps"]:
            yield from text_lines(gap_table(target["gaps"]))
            yield ""
    yield from (escape_controls(sentence) for sentence in sentences(numbers))
    yield interval_note(numbers)


def interval_note(numbers: Numbers) -> str:
    """Return a sentence that explains the intervals in brackets."""
    bootstrap = numbers["bootstrap"]
    if not bootstrap["samples"]:
        return "No intervals were computed."
    return (
        f"In brackets: {bootstrap['level']:.0%} bootstrap intervals over images ({bootstrap['samples']} samples, seed "
        f"{bootstrap['seed']}). Source and target are sampled independently; all models share the samples of a set."
    )
