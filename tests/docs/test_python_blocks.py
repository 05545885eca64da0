"""The Python of the documentation runs, on invented data under the names that the pages use."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from maskwright.cli.main import main
from maskwright.synthetic.shapes import write_shapes
from tests.docs.blocks import PAGES, ROOT, blocks

# Blocks of the README and the tutorial are run by tests of their own.
PYTHON = {
    page: found
    for page in PAGES
    if page not in (ROOT / "README.md", ROOT / "docs" / "tutorial.md")
    and (found := [block for block in blocks(page) if block.language == "python" and block.not_run is None])
}


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of a reader who has the files that the pages name."""
    annotations = write_shapes(tmp_path / "shapes", 12)
    shutil.copytree(annotations.parent / "images", tmp_path / "photos")
    for name in ("labels.json", "truth.json"):
        shutil.copy(annotations, tmp_path / name)
    truth = json.loads(annotations.read_text())
    boxes = [
        {key: each[key] for key in ("image_id", "category_id", "bbox")} | {"score": 0.9}
        for each in truth["annotations"]
    ]
    (tmp_path / "results.json").write_text(json.dumps(boxes))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_are_such_blocks() -> None:
    assert sum(len(found) for found in PYTHON.values()) >= 12


@pytest.mark.parametrize("page", PYTHON, ids=lambda page: page.name)
def test_the_python_of_a_page_runs_in_order(page: Path, reader: Path, instance_run: Path) -> None:
    (reader / "runs").mkdir()
    (reader / "runs" / "first").symlink_to(instance_run)
    namespace: dict[str, Any] = {}
    for block in PYTHON[page]:
        exec(compile(block.text, block.where, "exec"), namespace)


def test_the_python_of_the_readme_runs(reader: Path) -> None:
    (block,) = [block for block in blocks(ROOT / "README.md") if block.language == "python"]
    exec(compile(block.text, block.where, "exec"), {})
    assert len(list((reader / "predictions" / "label_maps").iterdir())) == 12


def test_the_readers_data_is_without_faults(reader: Path) -> None:
    assert main(["check", "labels.json", "--images", "photos", "--quiet"]) == 0
