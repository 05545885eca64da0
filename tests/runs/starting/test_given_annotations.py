"""Annotations in place of a recipe are answered with the whole command that trains on them."""

import shutil
from pathlib import Path

import pytest

from maskwright.errors import UsageError
from maskwright.runs.starting.given_annotations import require_recipe, training_command
from maskwright.synthetic.shapes import write_shapes


@pytest.fixture
def labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``labels.json`` in the working directory; its images are in ``images`` beside it."""
    monkeypatch.chdir(tmp_path)
    write_shapes(tmp_path, 2, size=(64, 64)).rename(tmp_path / "labels.json")
    return Path("labels.json")


def test_images_are_named_only_where_they_would_not_be_found(labels: Path) -> None:
    assert training_command(labels) == ("train", "labels.json")
    shutil.move("images", "photos")
    assert training_command(labels) == ("train", "labels.json", "--images", "photos")
    shutil.rmtree("photos")
    assert training_command(labels) == ("train", "labels.json")


def test_a_file_that_cannot_be_read_is_left_to_the_command(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    assert training_command(tmp_path / "bad.json") == ("train", str(tmp_path / "bad.json"))


def test_a_recipe_passes_and_annotations_do_not(labels: Path) -> None:
    require_recipe("demo-semantic")
    require_recipe("none.json")  # which loading reports
    with pytest.raises(UsageError, match="is no recipe") as caught:
        require_recipe(labels)
    assert caught.value.next_command is not None
    assert caught.value.next_command.command == ("train", "labels.json")
