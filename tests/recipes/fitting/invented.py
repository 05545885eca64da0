"""Invented figures: a data set, and a machine."""

from dataclasses import replace
from typing import Any

from maskwright.recipes.fitting.figures import ClassFigures, DataFigures, Machine

CPU = Machine("cpu", "CPU", 2, 8.0)
GPU = Machine("cuda", "a GPU", 8, 40.0)
_DATA = DataFigures(100, (ClassFigures("cat", 80, 60), ClassFigures("dog", 50, 40)), 480, 1.3, (0.1, 0.2, 0.3, 0.4))


def data(**changes: Any) -> DataFigures:
    """A data set of 100 images of 480 pixels, with two classes, that differs in ``changes``."""
    return replace(_DATA, **changes)
