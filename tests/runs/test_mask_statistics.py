"""Pixel counts: right, counted once, and counted anew when files or classes are others."""

from pathlib import Path

import numpy as np
import pytest

from maskwright.errors import DataError
from maskwright.masks.png import write_label_map
from maskwright.progress import Reporter
from maskwright.runs import mask_statistics
from maskwright.runs.mask_statistics import cached_pixel_counts
from maskwright.structures import ClassTable

TABLE = ClassTable.from_names(["dog, large", "Größe"])
QUIET = Reporter(quiet=True)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    chance = np.random.default_rng(3)
    for name in ("a", "b,1", "c"):
        labels = chance.choice(np.array([0, 0, 0, 1, 2, 255], np.uint8), (9, 13))
        write_label_map(tmp_path / f"{name}.png", labels)
    return sorted(tmp_path.glob("*.png"))


def test_each_file_has_a_row_of_counts(files: list[Path], tmp_path: Path) -> None:
    counts = cached_pixel_counts(files, TABLE, tmp_path / "counts.csv", QUIET)
    for row, file in zip(counts, files, strict=True):
        labels = mask_statistics.read_label_map(file)
        assert row.tolist() == [int((labels == label).sum()) for label in range(3)]


def test_the_masks_are_read_once(files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = cached_pixel_counts(files, TABLE, tmp_path / "counts.csv", QUIET)
    monkeypatch.setattr(mask_statistics, "read_label_map", None)
    again = cached_pixel_counts(files, TABLE, tmp_path / "counts.csv", QUIET)
    assert again.dtype == np.int64
    assert np.array_equal(first, again)


def test_the_table_is_one_that_people_can_read(files: list[Path], tmp_path: Path) -> None:
    cached_pixel_counts(files, TABLE, tmp_path / "counts.csv", QUIET)
    lines = (tmp_path / "counts.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == 'file,background,"dog, large",Größe'
    assert [line.split(".png")[0] for line in lines[1:]] == ["a", '"b,1', "c"]


def test_other_files_or_classes_are_counted_anew(files: list[Path], tmp_path: Path) -> None:
    cache = tmp_path / "counts.csv"
    whole = cached_pixel_counts(files, TABLE, cache, QUIET)
    assert np.array_equal(cached_pixel_counts(files[1:], TABLE, cache, QUIET), whole[1:])
    other = ClassTable.from_names(["dog, large", "cat", "bird"])
    assert cached_pixel_counts(files, other, cache, QUIET).shape == (3, 4)


def test_a_file_with_labels_of_other_classes_is_named(files: list[Path], tmp_path: Path) -> None:
    write_label_map(files[1], np.full((4, 4), 9, np.uint8))
    with pytest.raises(DataError, match=r"b,1\.png: The label map has the labels 9"):
        cached_pixel_counts(files, TABLE, tmp_path / "counts.csv", QUIET)
    assert not (tmp_path / "counts.csv").exists()
