"""Notebooks and the page on Python run from top to bottom, and show what they say they show."""

import re
from pathlib import Path
from typing import Any

import pytest

from maskwright.synthetic.shapes import write_shapes
from tests.notebook import code_cells, outputs_of

DOCS = Path(__file__).parents[1] / "docs"
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))

# Bytes: a notebook is read in a diff, too.
LARGEST = 60_000


def without_pictures(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outputs without counts, and of a picture no more than that it is one."""
    kept = []
    for output in outputs:
        data = {key: value if key == "text/plain" else "picture" for key, value in output.get("data", {}).items()}
        kept.append({"type": output["output_type"], "text": output.get("text"), "data": data})
    return kept


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_and_its_outputs_are_those_it_shows(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    for cell in code_cells(path):
        source = "".join(cell["source"])
        assert without_pictures(outputs_of(source, namespace)) == without_pictures(cell["outputs"]), source


def test_there_is_a_notebook_and_it_is_small() -> None:
    assert NOTEBOOKS
    assert [path.name for path in NOTEBOOKS if path.stat().st_size > LARGEST] == []


def test_the_blocks_of_the_page_on_python_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_shapes(tmp_path, 12).rename(tmp_path / "labels.json")
    (tmp_path / "images").rename(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    page = (DOCS / "how-to" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert len(blocks) > 8
    assert page.count("```") == 2 * len(blocks), "no block of another kind, which would not be run"
    namespace: dict[str, Any] = {}
    for number, block in enumerate(blocks, start=1):
        exec(compile(block, f"python.md, block {number}", "exec"), namespace)
    assert (tmp_path / "train.json").is_file()
    assert 0.5 < namespace["scores"]["mIoU"] < 1
