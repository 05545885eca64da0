"""Tables that are dataclasses of arrays, a column each: the rows of several as one table."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

Table = TypeVar("Table")


def joined(empty: Table, tables: Iterable[Table]) -> Table:
    """Return the rows of all ``tables``, in their order, as one table of the class of ``empty``, which has no rows.

    Each is a dataclass whose fields are arrays; ``empty`` gives the types of the columns where there is no table.
    """
    columns: list[list[Any]] = [
        [getattr(each, field.name) for field in fields(empty)]  # type: ignore[arg-type]
        for each in (empty, *tables)
    ]
    return type(empty)(*(np.concatenate(column) for column in zip(*columns, strict=True)))
