"""The content of a run folder as a report reads it: checked, and None for what is not there yet."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.control_characters import unquote_name
from maskwright.errors import DataError, require_folder
from maskwright.files import read_json
from maskwright.run_folder import Card, PartScores, RunFolder, with_current_keys
from maskwright.structures import ClassTable

TASKS = ("semantic", "instance", "panoptic")


@dataclass(frozen=True)
class Metrics:
    """The content of ``metrics.csv``: the epochs, and each column's values by its name.

    A column has one value or None for each epoch.
    """

    epochs: list[int]
    columns: dict[str, list[float | None]]


@dataclass(frozen=True)
class RunContents:
    """The content of a run's files. All but ``recipe`` and ``card`` are None until their stage is done."""

    path: Path
    recipe: str
    card: Card
    classes: ClassTable
    statistics: dict[str, Any] | None
    metrics: Metrics | None
    scores: dict[str, PartScores] | None
    panels: list[dict[str, Any]] | None


def read_run(path: Path) -> RunContents:
    """Read the run in the folder ``path``.

    Raises ``UsageError`` when there is no such folder. Raises ``DataError`` when it has no recipe or no card, or when
    one of its files is damaged.
    """
    require_folder(path, "run")
    files = RunFolder(path)
    card = _required_card(files)
    return RunContents(
        path,
        files.recipe_file.read_text(encoding="utf-8", errors="replace"),
        card,
        _class_table(files.card_file, card),
        _statistics(files.statistics_file),
        _metrics(files.metrics_file),
        _scores(files),
        _json(files.panels_file, list),
    )


def _statistics(file: Path) -> dict[str, Any] | None:
    found = _json(file, dict)
    wrong = next((name for name, part in (found or {}).items() if not _is_counted(part)), None)
    if wrong is not None:
        raise DataError(
            f"{file}: {wrong} has no images and classes; expected their numbers. Run the check of the data again."
        )
    return found


def _is_counted(part: Any) -> bool:
    return isinstance(part, dict) and "images" in part and isinstance(part.get("classes"), dict)


def _scores(files: RunFolder) -> dict[str, PartScores] | None:
    found = _json(files.scores_file, dict)
    return found and {
        part: with_current_keys(scores if isinstance(scores, dict) else {}) for part, scores in found.items()
    }


def read_curves(run: Path, split: str) -> dict[str, Any] | None:
    """Return ``{class: {"score", "precision", "recall"}}`` of the evaluation on ``split``, or None without a file.

    Raises ``DataError`` when the file is damaged.
    """
    return _json(RunFolder(run).predictions(split) / "curves.json", dict)


def _required_card(files: RunFolder) -> Card:
    path = files.folder
    missing = [file.name for file in (files.recipe_file, files.card_file) if not file.is_file()]
    if missing:
        found = ", ".join(sorted(entry.name for entry in path.iterdir())[:8]) or "nothing"
        raise DataError(
            f"{path}: no {' and no '.join(missing)}; found {found}. Expected the folder of a run. "
            "Name the folder that `maskwright run` or `maskwright train` wrote."
        )
    card = _json(files.card_file, dict)
    lacking = [key for key in ("name", "task", "classes") if key not in card]
    if lacking or card["task"] not in TASKS:
        found = f"no {', '.join(lacking)}" if lacking else f"task {card['task']!r}"
        raise DataError(
            f"{files.card_file}: {found}; expected name, classes and a task of {' or '.join(TASKS)}. "
            "Run the training stage again to write the card."
        )
    return card


def _class_table(path: Path, card: Card) -> ClassTable:
    try:
        return ClassTable.from_json(card["classes"])
    except DataError as error:
        raise DataError(
            f"{path}: the classes are damaged ({error}); expected records with index, name, color and source_ids. "
            "Run the training stage again to write the card."
        ) from error


def _json(path: Path, kind: type) -> Any:
    """Return the content of a JSON file, or None without a file. Raises ``DataError`` when it holds no ``kind``."""
    if not path.is_file():
        return None
    try:
        content = read_json(path)
    except ValueError as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(content, kind):
        raise _damaged(path, f"it holds a {type(content).__name__}, expected a {kind.__name__}")
    return content


def _metrics(path: Path) -> Metrics | None:
    """Read ``metrics.csv``, or return None without a file.

    Empty, NaN and infinite cells are None, and so are the cells that a row still being written lacks.
    """
    if not path.is_file():
        return None
    try:
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except csv.Error as error:
        raise _damaged(path, str(error)) from error
    if header[:1] != ["epoch"]:
        raise _damaged(path, f"its first column is {header[:1]}, expected epoch")
    rows = [row + [""] * (len(header) - len(row)) for row in rows if row and row[0]]
    try:
        epochs = [int(row[0]) for row in rows]
        columns = {
            unquote_name(name): [_cell(row[place]) for row in rows] for place, name in enumerate(header) if place
        }
    except ValueError as error:
        raise _damaged(path, str(error)) from error
    return Metrics(epochs, columns)


def _cell(text: str) -> float | None:
    value = float(text) if text.strip() else math.nan
    return value if math.isfinite(value) else None


def _damaged(path: Path, fault: str) -> DataError:
    return DataError(f"{path}: cannot be read ({fault}). Run the stage that writes it again, or delete it.")
