"""Trackers: one dictionary of metrics an epoch goes to every one of them."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from maskwright.files import write_text

Metrics = Mapping[str, float | None]
Pictures = Mapping[str, npt.NDArray[np.uint8]]


class Tracker(Protocol):
    """Anything that keeps metrics."""

    def record(self, epoch: int, metrics: Metrics) -> None:
        """Keep ``metrics`` of ``epoch`` (1-based) for good; None marks a metric that is not defined."""

    def show(self, epoch: int, pictures: Pictures) -> None:
        """Keep named ``pictures`` ``(H, W, 3)`` RGB of ``epoch``, where the tracker can; before its metrics."""

    def close(self) -> None:
        """Write what is still pending."""


class CsvTracker:
    """``metrics.csv``: one row an epoch, columns in order of appearance, empty where there is no value."""

    def __init__(self, path: Path, keep_until: int = 0) -> None:
        """Rows of epochs up to ``keep_until`` in an existing file stay; later ones belong to a lost attempt."""
        self.path = path
        self.rows: list[dict[str, str]] = []
        if keep_until and path.is_file():
            with path.open(newline="", encoding="utf-8") as file:
                self.rows = [row for row in csv.DictReader(file) if int(row["epoch"]) <= keep_until]

    def record(self, epoch: int, metrics: Metrics) -> None:
        """Add a row and write the file anew."""
        values = {key: "" if value is None else repr(float(value)) for key, value in metrics.items()}
        self.rows.append({"epoch": str(epoch), **values})
        columns = list(dict.fromkeys(key for row in self.rows for key in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(self.path, text.getvalue())

    def history(self) -> Iterator[tuple[int, dict[str, float]]]:
        """Each epoch of the table with its defined metrics, exactly as they were recorded."""
        for row in self.rows:
            yield int(row["epoch"]), {key: float(text) for key, text in row.items() if key != "epoch" and text}

    def show(self, epoch: int, pictures: Pictures) -> None:
        """A table has no pictures."""

    def close(self) -> None:
        """Every row is already on disk."""
