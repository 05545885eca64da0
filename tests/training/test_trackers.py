"""``metrics.csv``, read back by Python's csv module."""

import csv
from pathlib import Path

import numpy as np

from maskwright.training.trackers import CsvTracker, Metrics

EPOCHS: list[Metrics] = [
    {"train/loss": 0.1 + 0.2, "learning_rate": 1e-4},
    {"train/loss": 1 / 3, "learning_rate": 5e-5, "validation/mIoU": None, "validation/IoU/dog, brown": 0.25},
    {"train/loss": float("nan"), "learning_rate": 0.0, "validation/mIoU": 0.6134, "validation/IoU/dog, brown": None},
]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def track(path: Path, epochs: range, keep_until: int = 0) -> CsvTracker:
    tracker = CsvTracker(path, keep_until)
    for epoch in epochs:
        tracker.record(epoch, EPOCHS[epoch - 1])
    return tracker


def test_the_csv_holds_every_number_exactly_and_nothing_where_there_is_none(tmp_path: Path) -> None:
    track(tmp_path / "metrics.csv", range(1, 4)).close()
    rows = read_csv(tmp_path / "metrics.csv")
    assert list(rows[0]) == ["epoch", "train/loss", "learning_rate", "validation/mIoU", "validation/IoU/dog, brown"]
    for epoch, (row, metrics) in enumerate(zip(rows, EPOCHS, strict=True), start=1):
        assert row["epoch"] == str(epoch)
        for key in list(row)[1:]:
            value = metrics.get(key)
            assert row[key] == "" if value is None else np.array_equal(float(row[key]), value, equal_nan=True)


def test_every_row_is_on_disk_at_once(tmp_path: Path) -> None:
    tracker = CsvTracker(tmp_path / "metrics.csv")
    for epoch in (1, 2, 3):
        tracker.record(epoch, EPOCHS[epoch - 1])
        assert len(read_csv(tmp_path / "metrics.csv")) == epoch


def test_keep_until_drops_the_csv_rows_of_a_lost_attempt(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    track(path, range(1, 4))
    kept = read_csv(path)[:1]
    tracker = CsvTracker(path, keep_until=1)
    tracker.record(2, {"train/loss": 9.0})
    rows = read_csv(path)
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert {key: value for key, value in rows[0].items() if value} == {k: v for k, v in kept[0].items() if v}
    assert rows[1]["train/loss"] == "9.0"


def test_a_resumed_csv_equals_one_that_was_never_stopped(tmp_path: Path) -> None:
    track(tmp_path / "whole.csv", range(1, 4))
    track(tmp_path / "stopped.csv", range(1, 3))
    track(tmp_path / "stopped.csv", range(2, 4), keep_until=1)
    assert (tmp_path / "stopped.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_the_csv_tells_what_it_was_told_and_what_a_file_of_an_earlier_session_holds(tmp_path: Path) -> None:
    told = {
        epoch: {key: value for key, value in metrics.items() if value is not None}
        for epoch, metrics in enumerate(EPOCHS, start=1)
    }
    for tracker in (track(tmp_path / "metrics.csv", range(1, 4)), CsvTracker(tmp_path / "metrics.csv", keep_until=3)):
        np.testing.assert_equal(dict(tracker.history()), told)
    assert list(CsvTracker(tmp_path / "metrics.csv", keep_until=0).history()) == []


def test_a_new_training_does_not_keep_the_rows_of_an_old_one(tmp_path: Path) -> None:
    track(tmp_path / "metrics.csv", range(1, 4))
    track(tmp_path / "metrics.csv", range(1, 2))
    assert [row["epoch"] for row in read_csv(tmp_path / "metrics.csv")] == ["1"]


def test_a_line_break_in_the_name_of_a_class_makes_no_row(tmp_path: Path) -> None:
    path, column = tmp_path / "metrics.csv", "validation/IoU/cat\n9,1.0"
    CsvTracker(path).record(1, {"train/loss": 0.5, column: 0.25})
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2
    tracker = CsvTracker(path, keep_until=1)
    assert list(tracker.history()) == [(1, {"train/loss": 0.5, column: 0.25})]
    tracker.record(2, {column: 0.5})
    assert [values[column] for _, values in tracker.history()] == [0.25, 0.5]
    assert len(path.read_text(encoding="utf-8").splitlines()) == 3
