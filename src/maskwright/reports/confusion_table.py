"""The largest confusions as a table, for more classes than a matrix can show."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from maskwright.reports.confusion_matrix import whole_percent
from maskwright.reports.tables import Table, count

MOST = 20


def largest_confusions(names: Sequence[str], counts: npt.NDArray[np.int64], most: int = MOST) -> Table:
    """The pairs of two different classes with most pixels in ``counts`` ``(classes, classes)``, whose rows are truth.

    Each with its pixels, and how many percent of the true class they are.
    """
    between = counts * ~np.eye(len(counts), dtype=np.bool_)
    order = np.argsort(-between, axis=None, kind="stable")[:most]
    rows = []
    for true, taken in (divmod(int(place), len(counts)) for place in order):
        pixels = int(between[true, taken])
        if pixels:
            percent = whole_percent(pixels, int(counts[true].sum()))
            rows.append([names[true], names[taken], count(pixels), f"{percent} %"])
    return Table(["true class", "predicted as", "pixels", "of the true class"], rows)
