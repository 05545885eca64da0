"""``maskwright weights list``: the published checkpoints as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from maskwright.reports.tables import Table
from maskwright.reports.terminal import text_lines


def weights_lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the published weights ``found`` as the lines of a table for a terminal, without addresses."""
    columns = ("name", "trained_on", "schedule", "box_AP", "mask_AP", "mIoU")
    rows = []
    for weights in found:
        cells = ["" if weights[column] is None else str(weights[column]) for column in columns]
        rows.append([*cells, *_licence_cells(weights)])
    header = [column.replace("_", " ") for column in columns]
    return text_lines(Table([*header, "licence", "licence of the code"], rows))


def _licence_cells(weights: Mapping[str, Any]) -> list[str]:
    title = weights["licence"] or "not stated"
    mark = f", {weights['terms']}: --accept-licence {weights['accept']}" if weights["accept"] else ""
    return [f"{title}{mark}", ", ".join(dict.fromkeys(weights["code"].values()))]
