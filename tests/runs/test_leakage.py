"""Images that were trained on are found by their content, and scores on them come with a warning."""

import io
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.annotations.coco.file import CocoImage
from maskwright.annotations.faults import Audit
from maskwright.annotations.objects import ImageObjects
from maskwright.annotations.selection.select import Selection
from maskwright.progress import Reporter
from maskwright.runs.context import Experiment
from maskwright.runs.evaluation import evaluate_stage
from maskwright.runs.folder import open_run
from maskwright.runs.leakage import TrainingImages, find_leaked_images, record_training_images
from maskwright.runs.prepare import DataSplit
from maskwright.structures import ClassTable


def picture(seed: int) -> np.ndarray:
    """A picture of its own, coarse as photos are."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return cv2.resize(coarse, (160, 120), interpolation=cv2.INTER_CUBIC)


def write(path: Path, seed: int, quality: int = 95) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture(seed), [cv2.IMWRITE_JPEG_QUALITY, quality])


def part_of(folder: Path, name: str = "validation") -> DataSplit:
    """All images of ``folder``."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))
    images = [ImageObjects(CocoImage(number, file, 120, 160)) for number, file in enumerate(files, start=1)]
    return DataSplit(
        name, folder, folder / "labels.json", Selection(ClassTable.from_names(["disc"]), images, Audit(""))
    )


@pytest.fixture
def training(tmp_path: Path) -> Path:
    for seed in range(6):
        write(tmp_path / "train" / f"{seed}.jpg", seed)
    return tmp_path / "train"


def seen(training: Path, folder: Path) -> list[str]:
    return TrainingImages.of(part_of(training, "train")).leaked(part_of(folder))


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
    before = TrainingImages.of(part_of(training, "train"))
    shutil.move(training, tmp_path / "moved")
    write(tmp_path / "moved" / "5.jpg", 200, quality=30)
    assert before.leaked(part_of(tmp_path / "moved")) == [f"{seed}.jpg" for seed in range(5)]


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_a_run_that_is_scored_on_its_training_images_says_so_and_others_are_quiet(
    task: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder = shutil.copytree(request.getfixturevalue(f"{task}_run"), tmp_path / "run")
    said = io.StringIO()
    experiment = Experiment(open_run(folder, Reporter(quiet=True, stream=said)))
    parts = experiment.prepared.parts
    assert (
        len(json.loads((folder / "trained_on.json").read_text())["bytes"]) == len(parts["train"].selection.images) == 8
    )
    evaluate_stage(experiment)
    assert "training images" not in said.getvalue()
    assert "trained_on" not in json.loads((folder / "scores.json").read_text())["validation"]

    images = parts["validation"].selection.images
    learned = [each.image.file_name for each in images[:2]]
    for each, source in zip(images[:2], parts["train"].selection.images, strict=False):
        shutil.copy(parts["validation"].path_of(each), parts["train"].path_of(source))
    record_training_images(experiment.run, parts["train"])
    evaluate_stage(experiment)
    (line,) = [line for line in said.getvalue().splitlines() if "training images" in line]
    assert f"2 of the 6 images of validation are training images ({', '.join(learned)})" in line
    assert json.loads((folder / "scores.json").read_text())["validation"]["trained_on"] == learned


def test_a_run_of_a_version_that_recorded_nothing_is_scored_without_a_word(semantic_run: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(semantic_run, tmp_path / "run")
    (folder / "trained_on.json").unlink(missing_ok=True)
    said = io.StringIO()
    run = open_run(folder, Reporter(stream=said))
    assert find_leaked_images(run, Experiment(run).prepared.parts["train"]) == {}
    assert said.getvalue() == ""
