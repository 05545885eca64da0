"""Tables of arrays joined: rows in order, and the types of the columns without any table."""

from dataclasses import dataclass

import numpy as np

from maskwright.evaluation.columns import joined


@dataclass(frozen=True)
class Pair:
    name: np.ndarray
    share: np.ndarray


NONE = Pair(np.zeros(0, np.int64), np.zeros(0))


def test_the_rows_of_all_tables_stand_in_their_order() -> None:
    found = joined(NONE, [Pair(np.array([3, 1]), np.array([0.5, 0.25])), Pair(np.array([2]), np.array([1.0]))])
    assert (found.name.tolist(), found.share.tolist()) == ([3, 1, 2], [0.5, 0.25, 1.0])


def test_without_a_table_the_columns_keep_their_types() -> None:
    found = joined(NONE, [])
    assert (found.name.dtype, found.share.dtype, len(found.name)) == (np.int64, np.float64, 0)
