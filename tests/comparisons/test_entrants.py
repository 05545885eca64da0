"""The models of a comparison as they may be named."""

from pathlib import Path

import pytest

from maskwright.comparisons.entrants import Entrant, parse_entrants, results_path, run_results
from maskwright.errors import UsageError
from maskwright.run_folder import RunFolder


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.json", "b.json", "x/instances.json", "y/instances.json", "odd,name.json", "k=v.json"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("[]")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a.json", "b.json"], [("a", ["a.json"]), ("b", ["b.json"])]),
        (["x/instances.json", "y"], [("x", ["x/instances.json"]), ("y", ["y"])]),
        (["old=a.json", "new=b.json,y"], [("old", ["a.json"]), ("new", ["b.json", "y"])]),
        (["a.json,b.json", "x"], [("a and 1 more", ["a.json", "b.json"]), ("x", ["x"])]),
        (["odd,name.json", "k=v.json"], [("odd,name", ["odd,name.json"]), ("k=v", ["k=v.json"])]),
        (["x/instances.json", "./x"], [("x/instances.json", ["x/instances.json"]), ("x", ["x"])]),
    ],
)
def test_names_and_paths(given: list[str], expected: list[tuple[str, list[str]]]) -> None:
    assert parse_entrants(given) == [Entrant(name, tuple(map(Path, paths))) for name, paths in expected]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a.json"], "expected two or more"),
        (["a.json", "missing.json"], "missing.json: it does not exist"),
        (["a.json", "./a.json"], "is named twice"),
        (["one=a.json", "one=b.json"], "Two models are named 'one'"),
    ],
)
def test_what_cannot_be_compared(given: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_entrants(given)


def test_results_are_a_file_or_that_of_a_folder_or_of_a_run() -> None:
    assert results_path(Path("a.json"), "validation") == Path("a.json")
    assert results_path(Path("x"), "validation") == Path("x/instances.json")
    Path("run/predictions/validation/label_maps").mkdir(parents=True)
    Path("run/card.json").write_text("{}")
    assert results_path(Path("run"), "validation") == Path("run/predictions/validation/label_maps")
    with pytest.raises(UsageError, match="choose another --part"):
        run_results(RunFolder("run"), "test")
