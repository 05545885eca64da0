import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from maskwright.cli import split
from maskwright.errors import UsageError


@pytest.fixture
def run():
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(split.command)
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def path(coco) -> Path:
    images = [{"video": f"v{i // 2}"} for i in range(20)]
    return coco(*({"image_id": i} for i in range(1, 21)), {"image_id": 77}, images=images)


def test_it_prints_the_shares_and_where_the_parts_are(path: Path, run, tmp_path: Path):
    result = run(path, "--out", tmp_path / "out", "--groups", "video")
    lines = result.stdout.splitlines()
    assert lines[:5] == [*(tmp_path / "out" / "split.txt").read_text(encoding="utf-8").splitlines(), ""]
    assert lines[5].startswith("images: 0.0 points off on average")
    assert "no image has an object of dog" in lines
    assert (
        "leak groups: 20 images in 10 groups, the largest of 2 (10 by --groups); --images compares the pictures too"
        in lines
    )
    assert lines[-3:] == [
        f"{tmp_path / 'out' / 'train'}.json: 16 images, 16 annotations",
        f"{tmp_path / 'out' / 'validation'}.json: 2 images, 2 annotations",
        f"{tmp_path / 'out' / 'test'}.json: 2 images, 2 annotations",
    ]
    assert "annotation 21 refers to image 77" in result.stderr
    assert result.exit_code == 0


def test_counts_that_differ_by_crowds_are_explained(coco, run, tmp_path: Path):
    path = coco({}, {"image_id": 2, "iscrowd": 1}, {"image_id": 2}, images=[{}, {}])
    result = run(path, "--out", tmp_path / "out", "--ratios", "1:1")
    assert result.stdout.splitlines()[-1] == "1 of the 3 annotations are crowd regions, which the table does not count"


def test_json_is_all_there_is_on_standard_output(path: Path, run, tmp_path: Path):
    result = run(path, "--out", tmp_path, "--ratios", "0.75:0.25", "--names", "fit, judge", "--seed", "3", "--json")
    value = json.loads(result.stdout)
    assert value == json.loads((tmp_path / "split.json").read_text(encoding="utf-8"))
    assert {name: part["images"] for name, part in value["parts"].items()} == {"fit": 15, "judge": 5}
    assert value["seed"] == 3
    assert value["annotations"]["skipped"] == {"unknown_image": 1}


@pytest.mark.parametrize("ratios", ["8", "8:x", "8:-1", "8:0", ""])
def test_ratios_that_divide_nothing_are_refused(path: Path, run, tmp_path: Path, ratios: str):
    result = run(path, "--out", tmp_path / "out", "--ratios", ratios)
    assert isinstance(result.exception, UsageError)
    assert not (tmp_path / "out").exists()
