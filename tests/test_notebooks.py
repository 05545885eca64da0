"""Notebooks run from top to bottom, and show what they say they show."""

from pathlib import Path
from typing import Any

import pytest

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
