"""``maskwright weights list``: the published checkpoints as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from maskwright.reports.tables import Table
from maskwright.reports.terminal import text_lines


def weights_lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the published weights ``found`` as the lines of a table for a terminal, without addresses."""
    columns = ("name", "trained_on", "schedule", "box_AP", "mask_AP", "mIoU", "licence")
    rows = [["" if weights[column] is None else str(weights[column]) for column in columns] for weights in found]
    return text_lines(Table([column.replace("_", " ") for column in columns], rows))
