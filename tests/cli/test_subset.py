import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from maskwright.cli import subset
from maskwright.errors import UsageError


@pytest.fixture
def run():
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(subset.command)
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments])


def test_it_says_what_was_kept_and_what_was_left_out(coco, run, tmp_path: Path):
    path = coco({}, {"category_id": 2}, {"image_id": 2, "iscrowd": 1}, {"image_id": 77}, images=[{}, {}])
    result = run(path, "--out", tmp_path / "out.json", "--classes", "person", "--drop-crowd")
    assert result.stdout.splitlines() == [
        f"1 of 2 images in {tmp_path / 'out.json'}",
        "images: 2 found = 1 kept + 1 skipped (1 image_without_objects)",
        "annotations: 4 found = 1 kept + 3 skipped (1 crowd, 1 other_class, 1 unknown_image)",
        "categories: 2 found = 1 kept + 1 skipped (1 other_class)",
        "class   images  instances",
        "person       1          1",
    ]
    assert "annotation 4 refers to image 77" in result.stderr
    assert result.exit_code == 0


def test_counts_that_differ_by_crowds_are_explained(coco, run, tmp_path: Path):
    result = run(coco({}, {"iscrowd": 1}), "--out", tmp_path / "out.json")
    lines = result.stdout.splitlines()
    assert "annotations: 2 found = 2 kept + 0 skipped (none)" in lines
    assert lines[-1] == "1 of the 2 annotations kept are crowd regions, which are no instances"


def test_every_option_reaches_the_choice(coco, run, tmp_path: Path):
    annotations = [{"image_id": i, "category_id": 1 + i % 2} for i in range(1, 21)]
    path = coco(*annotations, {"image_id": 3, "iscrowd": 1}, {"image_id": 4}, {"image_id": 4}, images=[{}] * 24)
    options = ["--classes", "person, dog", "--keep-empty", "--drop-crowd-images", "--max-instances", "2"]
    draw = ["--max-images", "5", "--at-least", "dog=3", "--at-least", "person=1", "--seed", "7", "--json", "--quiet"]
    result = run(path, "--out", tmp_path / "out.json", *options, *draw)
    value = json.loads(result.stdout)
    assert value["images"]["used"] == 5
    assert value["images_left_out"]["image_with_crowd"] == [3]
    assert value["images_left_out"]["image_with_too_many_instances"] == [4]
    assert value["classes"]["dog"]["images"] >= 3
    assert value["classes"]["person"]["images"] >= 1
    again = run(path, "--out", tmp_path / "out.json", *options, *draw)
    assert json.loads(again.stdout) == value
    assert result.stderr == ""


@pytest.mark.parametrize("demand", ["dog", "dog=", "=1", "dog=some", "dog=-1", "dog=1.5"])
def test_a_demand_is_a_class_and_a_number(coco, run, tmp_path: Path, demand: str):
    result = run(coco({}), "--out", tmp_path / "out.json", "--at-least", demand)
    assert isinstance(result.exception, UsageError)
    assert f"--at-least '{demand}': expected CLASS=N" in str(result.exception)
