"""The runs in a folder, also those that train just now: how far they are, and their curves."""

import csv
import math
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.errors import MaskwrightError
from maskwright.run_folder import RunFolder
from maskwright.server.refusal import Refusal

# Epochs of a curve, runs of a list, and columns of a file that are shown: more are no help on a page.
_EPOCHS, _RUNS, _COLUMNS = 2000, 200, 40
_LONGEST_LINE = 100_000
# Scores of single classes are on the page of the run.
_OF_CLASSES = ("validation/IoU/", "train/IoU/", "training/IoU/")


@dataclass(frozen=True)
class RunList:
    """The runs in ``folder``, a folder each; links are left out."""

    folder: Path

    def names(self) -> list[str]:
        """Return the names of the runs that have a recipe, the one that changed last first."""
        found = [
            each for each in self.folder.iterdir() if not each.is_symlink() and RunFolder(each).recipe_file.is_file()
        ]
        return [each.name for each in sorted(found, key=_changed, reverse=True)[:_RUNS]]

    def runs(self) -> list[dict[str, Any]]:
        """Return for each run its name, its last epoch, whether it is trained, and the seconds since it changed."""
        return [self._run(name) for name in self.names()]

    def curves(self, name: str) -> dict[str, Any]:
        """Return the epochs of a run and its losses, scores and learning rate by column; None where one is missing.

        Raises ``Refusal`` 404 for a name that is no run here.
        """
        if name not in self.names():
            raise Refusal(404, f"'{name[:100]}' is no run in the folder of --runs.")
        rows = deque(_rows(RunFolder(self.folder / name).metrics_file), maxlen=_EPOCHS)
        columns = list(dict.fromkeys(key for row in rows for key in row))
        shown = [key for key in columns if key != "epoch" and not key.startswith(_OF_CLASSES)][:_COLUMNS]
        return {
            **self._run(name),
            "epochs": [row.get("epoch") for row in rows],
            "columns": {key: [row.get(key) for row in rows] for key in shown},
        }

    def _run(self, name: str) -> dict[str, Any]:
        run = RunFolder(self.folder / name)
        epoch = None
        for row in _rows(run.metrics_file):
            epoch = row.get("epoch")
        try:
            trained = "train" in run.stages
        except MaskwrightError:  # it is written just now, or damaged, which the run itself says
            trained = False
        return {"name": name, "epoch": epoch, "trained": trained, "seconds": round(time.time() - _changed(run.folder))}


def _changed(folder: Path) -> float:
    """Return when a run changed last: its metrics, or the folder before its first epoch."""
    file = RunFolder(folder).metrics_file
    try:
        return (file if file.is_file() else folder).stat().st_mtime
    except OSError:  # it was removed just now
        return 0.0


def _rows(file: Path) -> Iterator[dict[str, float | None]]:
    """Yield the rows of a metrics file as numbers; what is no finite number is None."""
    if not file.is_file():
        return
    with file.open(encoding="utf-8", errors="replace", newline="") as lines:
        table = csv.DictReader(line[:_LONGEST_LINE] for line in lines)
        for row in table:
            yield {key: _number(value) for key, value in row.items() if isinstance(key, str)}


def _number(text: object) -> float | None:
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
