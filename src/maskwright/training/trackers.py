"""Trackers, which get one dictionary of metrics an epoch, and the CSV tracker."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from maskwright.control_characters import lines_of_cells, unquote_name
from maskwright.files import write_text

Metrics = Mapping[str, float | None]
Pictures = Mapping[str, npt.NDArray[np.uint8]]


class Tracker(Protocol):
    """What every tracker can do."""

    def record(self, epoch: int, metrics: Metrics) -> None:
        """Store ``metrics`` of ``epoch`` (1-based) on disk before returning; None marks an undefined metric."""

    def show(self, epoch: int, pictures: Pictures) -> None:
        """Store named ``pictures`` ``(H, W, 3)`` uint8 RGB of ``epoch`` if the tracker can.

        It is called before :meth:`record`.
        """

    def close(self) -> None:
        """Write what is pending and release the files."""


class CsvTracker:
    """A tracker that writes ``metrics.csv``: one row an epoch, empty cells for undefined metrics.

    Columns are in the order in which metrics first appeared.
    """

    def __init__(self, path: Path, keep_until: int = 0) -> None:
        """Keep the rows of epochs up to ``keep_until`` in an existing file at ``path``.

        A resumed training repeats later epochs.
        """
        self.path = path
        self.rows: list[dict[str, str]] = []
        if keep_until and path.is_file():
            with path.open(newline="", encoding="utf-8") as file:
                rows = [row for row in csv.DictReader(file) if int(row["epoch"]) <= keep_until]
            self.rows = [{unquote_name(key): value for key, value in row.items()} for row in rows]

    def record(self, epoch: int, metrics: Metrics) -> None:
        """Add a row and rewrite the file."""
        values = {key: "" if value is None else repr(float(value)) for key, value in metrics.items()}
        self.rows.append({"epoch": str(epoch), **values})
        columns = list(dict.fromkeys(key for row in self.rows for key in row))
        rows = [[row.get(key, "") for key in columns] for row in self.rows]
        write_text(self.path, lines_of_cells([columns, *rows]))

    def history(self) -> Iterator[tuple[int, dict[str, float]]]:
        """Yield each epoch of the table with its defined metrics, exactly as they were recorded."""
        for row in self.rows:
            yield int(row["epoch"]), {key: float(text) for key, text in row.items() if key != "epoch" and text}

    def show(self, epoch: int, pictures: Pictures) -> None:
        """Do nothing: a table has no pictures."""

    def close(self) -> None:
        """Do nothing: every row is on disk already."""
