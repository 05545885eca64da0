"""``maskwright compare`` from the shell's side."""

import json
from pathlib import Path

import pytest

from maskwright.cli.main import main

SQUARE = [[10, 10, 20, 10, 20, 20, 10, 20]]


@pytest.fixture
def files(coco, write_json) -> list[str]:
    truth = coco(
        *({"image_id": i, "bbox": [10, 10, 10, 10]} for i in range(1, 21)), images=[{}] * 20, name="truth.json"
    )
    records = [{"image_id": i, "category_id": 1, "score": i / 50, "segmentation": SQUARE} for i in range(1, 21)]
    return [str(write_json(records[:8], "few.json")), str(write_json(records, "all.json")), "--truth", str(truth)]


def test_tables_and_the_verdict_are_printed(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *files, "--quiet", "--samples", "100"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["score", "few", "all"]
    assert lines[-1].startswith("all is better than few by 0.594 mask AP")


def test_json_has_the_shape_that_others_rely_on(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *files, "--json", "--quiet", "--samples", "100"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"measure", "value", "low", "high", "p", "class"} <= set(found["differences"][0])
    assert found["differences"][0]["measure"] == "segm AP"
    assert isinstance(found["verdict"], str)


def test_the_page_is_named(files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["compare", *files, "--quiet", "--samples", "100", "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"page: {out / 'compare.html'}"


def test_one_model_is_wrong_usage(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", files[0], "--quiet"]) == 2
    assert "expected two or more" in capsys.readouterr().err
