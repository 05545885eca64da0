import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from maskwright.cli import explore


@pytest.fixture
def run():
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(explore.command)
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments])


def test_it_prints_the_table_and_the_facts(coco, run):
    result = run(coco({}, {}, {"category_id": 2}, {"segmentation": []}))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[:3] for line in lines[1:3]] == [["person", "1", "2"], ["dog", "1", "1"]]
    assert "3 instances of 2 classes on 1 image." in lines
    assert lines[-1] == "annotations: 4 found = 3 used + 1 skipped (1 empty_segmentation)"
    assert "annotation 4 (image 1) has an empty segmentation" in result.stderr


def test_every_option_reaches_the_work(coco, run, tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((48, 64, 3), np.uint8))
    path, out = coco({}, {"category_id": 2}, categories={1: "person", 2: "dog", 3: "cat"}), tmp_path / "out"
    options = ["--images", tmp_path, "--out", out, "--classes", "dog, cat", "--classes", "person", "--quiet"]
    result = run(path, *options)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.splitlines()[-1] == f"page: {out / 'explore.html'}"
    assert list(json.loads((out / "statistics.json").read_text())["classes"]) == ["dog", "cat", "person"]
    assert (out / "figures" / "contact_sheet.png").is_file()


def test_json_alone_is_on_standard_output(coco, run):
    result = run(coco({}, {"segmentation": []}), "--json")
    found = json.loads(result.stdout)
    assert found["classes"]["person"]["instances"] == 1
    assert found["annotations"]["skipped"] == {"empty_segmentation": 1}
    assert "annotation 2" in result.stderr


def test_its_help_waits_for_no_library():
    script = "import sys, maskwright.cli.explore; print({'numpy', 'matplotlib', 'jinja2', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
