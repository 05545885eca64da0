"""Built-in images of both parts are the same whether they are drawn when needed or ahead, by another process."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from maskwright.synthetic import shape_parts
from maskwright.synthetic.shape_parts import drawn_ahead, write_shape_parts

SHAPES: dict[str, Any] = {"train": 3, "validation": 2, "seed": 4, "domain": "clear"}


@pytest.fixture(autouse=True)
def before_torch_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(shape_parts, "cores", lambda: 2)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_images_drawn_ahead_are_those_that_are_drawn_when_needed_and_nothing_else_is_left(tmp_path: Path) -> None:
    with drawn_ahead(SHAPES) as drawn:
        assert drawn is not None
        drawn.move_to(tmp_path / "run" / "data")
    files = write_shape_parts(tmp_path / "needed", **SHAPES)
    assert list(files) == ["train", "validation"]
    assert contents(tmp_path / "run" / "data") == contents(tmp_path / "needed")
    assert len(contents(tmp_path / "needed")) == 3 + 2 + 2
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["data"]
    assert not list((tmp_path / "temporary").iterdir())


def test_parts_differ_and_begin_with_the_seed() -> None:
    # As documented in the recipes: a shorter data set is the beginning of a longer one, by these seeds.
    with tempfile.TemporaryDirectory() as folder:
        files = write_shape_parts(Path(folder), **SHAPES)
        train, validation = (contents(file.parent / "images") for file in files.values())
        shape_parts.write_shapes(Path(folder) / "other", 2, seed=2 * 4 + 1)
        assert validation == contents(Path(folder) / "other" / "images")
    assert train["000000.jpg"] != validation["000000.jpg"]


def test_a_process_that_fails_leaves_the_images_to_be_drawn_when_needed(tmp_path: Path) -> None:
    with drawn_ahead({**SHAPES, "seed": -1}) as drawn:
        assert drawn is not None
        drawn.move_to(tmp_path / "data")
    assert not (tmp_path / "data").exists()
    assert not list((tmp_path / "temporary").iterdir())


def test_what_is_no_longer_needed_is_ended(tmp_path: Path) -> None:
    with pytest.raises(KeyError), drawn_ahead({**SHAPES, "train": 100_000}):
        raise KeyError
    assert not list((tmp_path / "temporary").iterdir())


def test_images_that_are_there_already_stay(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with drawn_ahead(SHAPES) as drawn:
        assert drawn is not None
        drawn.move_to(tmp_path / "data")
    assert not list((tmp_path / "data").iterdir())


@pytest.mark.parametrize("reason", ["no shapes", "one core", "torch is there"])
def test_nothing_is_started_where_it_saves_no_time(reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if reason == "one core":
        monkeypatch.setattr(shape_parts, "cores", lambda: 1)
    if reason == "torch is there":
        monkeypatch.setitem(sys.modules, "torch", sys)
    with drawn_ahead(None if reason == "no shapes" else SHAPES) as drawn:
        assert drawn is None
