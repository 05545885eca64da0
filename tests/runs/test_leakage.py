"""Scores on images that were trained on come with a warning."""

import io
import json
import shutil
from pathlib import Path

import pytest

from maskwright.progress import Reporter
from maskwright.runs.evaluation import evaluate_stage
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import open_run
from maskwright.runs.leakage import find_leaked_images, record_training_images


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
