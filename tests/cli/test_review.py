"""``maskwright review`` from the shell's side."""

import json
from pathlib import Path

import pytest

from maskwright.cli.main import main
from tests.reviewing.scenes import written
from tests.reviewing.test_search import CASES


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    labels, predictions = written(tmp_path, CASES["missing"][0], CASES["spurious"][0])
    return [
        "review",
        str(labels),
        str(predictions),
        "--images",
        str(tmp_path),
        "--out",
        str(tmp_path / "out"),
        "--quiet",
    ]


def test_suspects_are_printed_and_the_page_is_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 suspects among 66 labels on 22 images"
    assert lines[-1] == f"page: {Path(words[6]) / 'review.html'}"


def test_json_is_that_of_the_file(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--json", "--max", "1"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((Path(words[6]) / "suspects.json").read_text())
    assert {"rank", "kind", "evidence", "file_name", "annotations", "changes"} <= printed["suspects"][0].keys()
    assert len(printed["suspects"]) == 2


def test_images_must_be_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words[:3], *words[5:]]) == 2
    assert "--images" in capsys.readouterr().err


def test_tasks_are_written_for_the_tools_that_are_named_and_others_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--tasks", "cvats"]) == 2
    assert "cvat" in capsys.readouterr().err
    assert main([*words, "--tasks", "cvat", "--tasks", "label-studio", "--image-address", "s3://a/"]) == 0
    names = {"cvat.xml", "cvat-labels.json", "label-studio.json", "label-studio.xml"}
    assert names <= {each.name for each in Path(words[6]).iterdir()}
    assert '"s3://a/1.png"' in (Path(words[6]) / "label-studio.json").read_text()
