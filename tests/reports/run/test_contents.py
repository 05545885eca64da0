import json

import pytest

from maskwright.errors import DataError, UsageError
from maskwright.reports.run.contents import read_run


def test_a_complete_run_is_read(make_run):
    run = read_run(make_run())
    assert run.card["task"] == "semantic"
    assert run.classes.names == ["person", "dog", "cake"]
    assert run.metrics is not None
    assert run.metrics.epochs == [1, 2, 3]
    assert run.panels == [{"file": "figures/panels/0001.png", "caption": "image 1 & mask"}]


def test_empty_and_nan_cells_are_none(make_run):
    metrics = read_run(make_run()).metrics
    assert metrics.columns["validation/mIoU"] == [None, 0.61, 0.6]
    assert metrics.columns["train/loss"] == [1.5, 1.1, None]


def test_a_row_that_is_still_being_written_lacks_cells(make_run):
    run = make_run()
    with (run / "metrics.csv").open("a") as file:
        file.write("4,0.9")
    metrics = read_run(run).metrics
    assert metrics.epochs[-1] == 4
    assert metrics.columns["train/loss"][-1] == 0.9
    assert metrics.columns["seconds"][-1] is None


def test_optional_parts_are_none_until_they_are_there(make_run):
    run = make_run()
    for name in ("statistics.json", "metrics.csv", "scores.json", "figures/panels.json"):
        (run / name).unlink()
    read = read_run(run)
    assert (read.statistics, read.metrics, read.scores, read.panels) == (None, None, None, None)


def test_a_folder_that_is_no_run_says_what_was_found_and_expected(tmp_path):
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(
        DataError, match=r"no recipe.yaml and no card.json; found photo.jpg. Expected the folder of a run"
    ):
        read_run(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        read_run(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("scores.json", '{"validation": {', "scores.json: cannot be read"),
        ("statistics.json", "[1, 2]", "holds a list, expected a dict"),
        ("figures/panels.json", "{}", "holds a dict, expected a list"),
        ("metrics.csv", "time,loss\n1,2\n", "expected epoch"),
        ("metrics.csv", "epoch,train/loss\n1,lots\n", "'lots'"),
        ("card.json", "{}", "no name, task, classes"),
        ("card.json", json.dumps({"name": "a", "task": "video", "classes": []}), "task 'video'"),
        ("card.json", json.dumps({"name": "a", "task": "semantic", "classes": [{"index": 1}]}), "classes are damaged"),
    ],
)
def test_a_damaged_file_is_named_with_its_fault(make_run, name, content, said):
    run = make_run()
    (run / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=said) as caught:
        read_run(run)
    assert name in str(caught.value)


@pytest.mark.parametrize("color", [["red;}", 0, 0], [1, 2], "url(x)", [1, 2, 999]])
def test_colours_that_are_no_rgb_are_refused(make_run, color):
    run = make_run()
    card = json.loads((run / "card.json").read_text())
    card["classes"][0]["color"] = color
    (run / "card.json").write_text(json.dumps(card))
    with pytest.raises(DataError, match="classes are damaged"):
        read_run(run)
