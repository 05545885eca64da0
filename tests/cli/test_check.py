import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from maskwright.cli import check
from maskwright.errors import UsageError

BOXED = {"bbox": [10, 10, 10, 10], "area": 100}
SOUND = (BOXED, BOXED | {"category_id": 2})


@pytest.fixture
def run():
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(check.command)
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments])


def test_a_sound_file_ends_in_exit_code_0(coco, run):
    path = coco(*SOUND)
    result = run(path)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, f"no fault in {path}")


def test_errors_name_file_and_id_and_end_in_exit_code_1(coco, run):
    result = run(coco(*SOUND, BOXED | {"id": 2463, "segmentation": []}))
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:3] == [
        "error: empty_segmentation",
        "  labels.json: annotation 2463 (image 1) has an empty segmentation",
        "  remedy: draw the object again, or use check --fix to remove the annotation",
    ]


def test_json_is_all_there_is_on_standard_output(coco, run, tmp_path: Path):
    path = coco(*SOUND, BOXED | {"segmentation": []})
    result = run(path, "--fix", tmp_path / "fixed.json", "--against", path, "--json")
    value = json.loads(result.stdout)
    assert [fault["code"] for fault in value["faults"]] == ["empty_segmentation", "same_file_name"]
    assert value["repairs"]["counts"]["repaired_away"] == 1
    assert value["against"]["classes"]["differing_ids"] == {}
    assert result.exit_code == 0


def test_a_wrong_request_is_a_usage_error(coco, run, tmp_path: Path):
    path = coco(*SOUND)
    assert isinstance(run(path, "--fix", path).exception, UsageError)
    assert isinstance(run(path, "--images", tmp_path / "none").exception, UsageError)
    assert run(path, "--workers", "many").exit_code == 2
