"""The panels of the page: samples, and each of the worst images with its errors, under the names of the scores."""

from dataclasses import replace
from pathlib import Path

import pytest

from maskwright.files import read_json
from maskwright.images.decode import read_image
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import open_run
from maskwright.runs.pictures.page_panels import write_page_panels


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_the_worst_images_stand_in_the_order_of_the_scores(task: str, request: pytest.FixtureRequest) -> None:
    run = request.getfixturevalue(f"{task}_run")
    rows = read_json(run / "scores.json")["validation"]["worst_images"]
    worst = [record for record in read_json(run / "figures" / "panels.json") if record.get("kind") == "worst"]
    assert [record["image"] for record in worst] == [row["file_name"] for row in rows]
    for record in worst:
        height, width = read_image(run / record["file"]).shape[:2]
        assert height > 600, "two rows of cells"
        assert width > 400, "and two columns"
        assert record["part"] == "validation"


def test_a_run_that_asks_for_no_panels_has_no_picture(semantic_run: Path) -> None:
    run = open_run(semantic_run, Reporter(quiet=True))
    experiment = Experiment(replace(run, recipe=load_recipe(run.recipe, ["report.panels=0"])))
    part = experiment.prepared.parts["validation"]
    assert write_page_panels(experiment, part, {"worst_images": [{"file_name": "any.png"}]}) == []


def test_an_image_that_the_data_no_longer_have_is_left_out(
    semantic_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = Experiment(open_run(semantic_run, Reporter(quiet=True)))
    written: list[Path] = []
    monkeypatch.setattr("maskwright.runs.pictures.page_panels.write_jpeg", lambda path, _: written.append(path))
    part = experiment.prepared.parts["validation"]
    records = write_page_panels(experiment, part, {"worst_images": [{"file_name": "gone.png"}]})
    assert [record.get("kind") for record in records] == [None, None]
    assert len(written) == 2
