"""The largest confusions as a table, for more classes than a matrix can show."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from maskwright.reports.plots.confusion_matrix import whole_percent
from maskwright.reports.tables import Table, count_cell

MOST = 20


def largest_confusions(
    names: Sequence[str],
    counts: npt.NDArray[np.int64],
    most: int = MOST,
    unit: str = "pixels",
    totals: npt.NDArray[np.int64] | None = None,
) -> Table:
    """The pairs of two different classes with most in ``counts`` ``(classes, classes)``, whose rows are truth.

    Each with how many of the ``unit`` they are, and how many percent of the true class, which has as many as its row or
    as ``totals`` ``(classes,)`` say.
    """
    whole = counts.sum(axis=1) if totals is None else totals
    between = counts * ~np.eye(len(counts), dtype=np.bool_)
    order = np.argsort(-between, axis=None, kind="stable")[:most]
    rows = []
    for true, taken in (divmod(int(place), len(counts)) for place in order):
        taken_for = int(between[true, taken])
        if taken_for:
            percent = whole_percent(taken_for, int(whole[true]))
            rows.append([names[true], names[taken], count_cell(taken_for), f"{percent} %"])
    return Table(["true class", "predicted as", unit, "of the true class"], rows)
