"""The largest confusions as a table, for more classes than a matrix can show."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from maskwright.reports.short_numbers import whole_percent
from maskwright.reports.tables import Table, count_cell

MOST = 20


def largest_confusions(
    names: Sequence[str],
    counts: npt.NDArray[np.int64],
    most: int = MOST,
    unit: str = "pixels",
    totals: npt.NDArray[np.int64] | None = None,
) -> Table:
    """Return a table of the ``most`` pairs of different classes with the largest counts.

    ``counts`` ``(K, K)`` has the true class as row and the predicted class as column, in ``unit``. The last column
    gives the percentage of the true class, whose total is the sum of its row, or its entry of ``totals`` ``(K,)``.
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
