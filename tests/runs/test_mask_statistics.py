"""Pixel counts: right, counted once, and counted anew when files or classes are others."""

from pathlib import Path

import numpy as np
import pytest

from maskwright.errors import DataError, UsageError
from maskwright.masks.png import read_label_map, write_label_map
from maskwright.progress import Reporter
from maskwright.runs import mask_statistics
from maskwright.runs.mask_statistics import cached_pixel_counts, semantic_samples, training_pixels
from maskwright.structures import ClassTable
from tests.runs.small_experiments import begun, with_masks

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


def test_pixels_are_counted_in_the_masks_that_were_drawn(tmp_path: Path) -> None:
    drawn = with_masks(tmp_path / "run")
    counts = training_pixels(drawn)
    part = drawn.prepared.parts["train"]
    for row, sample in zip(counts, semantic_samples(drawn, part), strict=True):
        labels = read_label_map(sample.label_map)
        assert row.tolist() == [int((labels == label).sum()) for label in range(len(drawn.prepared.table) + 1)]
    assert (drawn.masks_folder("train") / "pixel_counts.csv").is_file()


def test_missing_label_maps_are_named(tmp_path: Path) -> None:
    made = begun(tmp_path / "run")
    part = made.prepared.parts["train"]
    with pytest.raises(UsageError, match=r"10 in all.*Run the masks stage"):
        semantic_samples(made, part)
