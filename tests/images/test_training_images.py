"""Images that were trained on are found by their content, whatever their names."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.images.training_images import TrainingImages


def picture(seed: int) -> np.ndarray:
    """A picture of its own, coarse as photos are."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return cv2.resize(coarse, (160, 120), interpolation=cv2.INTER_CUBIC)


def write(path: Path, seed: int, quality: int = 95) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture(seed), [cv2.IMWRITE_JPEG_QUALITY, quality])


def images_of(folder: Path) -> list[tuple[str, Path]]:
    """All images of ``folder`` by name."""
    return [(path.relative_to(folder).as_posix(), path) for path in sorted(folder.rglob("*.jpg"))]


def all_of(folder: Path) -> TrainingImages:
    return TrainingImages.among(folder, [name for name, _ in images_of(folder)])


@pytest.fixture
def training(tmp_path: Path) -> Path:
    for seed in range(6):
        write(tmp_path / "train" / f"{seed}.jpg", seed)
    return tmp_path / "train"


def seen(training: Path, folder: Path) -> list[str]:
    return all_of(training).leaked(images_of(folder))


def test_the_same_file_is_seen_whatever_it_is_called(training: Path, tmp_path: Path) -> None:
    write(tmp_path / "other" / "new.jpg", 50)
    shutil.copy(training / "2.jpg", tmp_path / "other" / "renamed.jpg")
    assert seen(training, tmp_path / "other") == ["renamed.jpg"]


def test_other_pictures_of_the_same_names_are_not(training: Path, tmp_path: Path) -> None:
    for seed in range(6):
        write(tmp_path / "other" / f"{seed}.jpg", 100 + seed)
    assert seen(training, tmp_path / "other") == []


def test_files_of_the_same_size_are_compared(training: Path, tmp_path: Path) -> None:
    content = bytearray((training / "1.jpg").read_bytes())
    content[len(content) // 2] ^= 255
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "another.jpg").write_bytes(content)
    assert seen(training, tmp_path / "other") == []


def test_a_copy_of_the_same_name_that_was_compressed_anew_is_seen_in_any_folder(training: Path, tmp_path: Path) -> None:
    write(tmp_path / "other" / "deep" / "3.jpg", 3, quality=60)
    assert seen(training, tmp_path / "other") == ["deep/3.jpg"]


def test_where_the_training_images_are_gone_name_and_size_decide(training: Path, tmp_path: Path) -> None:
    before = all_of(training)
    shutil.move(training, tmp_path / "moved")
    write(tmp_path / "moved" / "5.jpg", 200, quality=30)
    assert before.leaked(images_of(tmp_path / "moved")) == [f"{seed}.jpg" for seed in range(5)]


def test_what_is_written_is_read(training: Path, tmp_path: Path) -> None:
    images = all_of(training)
    images.write(tmp_path / "trained_on.json")
    assert TrainingImages.read(tmp_path / "trained_on.json") == images
