"""Shipped recipes are listed with their descriptions and copied without writing over a file."""

from pathlib import Path

import pytest

from maskwright.errors import UsageError
from maskwright.recipes.loading import recipe_text, shipped_recipes, shipped_transfers
from maskwright.workflows.recipes import copy_recipe, list_recipes


def test_every_shipped_recipe_is_listed_with_a_description() -> None:
    listed = {recipe["name"]: recipe["description"] for recipe in list_recipes()}
    assert listed.keys() == shipped_recipes().keys() | shipped_transfers().keys()
    assert all(listed.values())


def test_a_copy_has_the_text_of_the_recipe_and_its_name_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert copy_recipe("demo-semantic") == Path("demo-semantic.yaml")
    assert Path("demo-semantic.yaml").read_text(encoding="utf-8") == recipe_text("demo-semantic")
    assert copy_recipe("demo-semantic", tmp_path / "mine.yaml") == tmp_path / "mine.yaml"


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"mine\.yaml"):
        copy_recipe("demo-semantic", mine)
    assert mine.read_text(encoding="utf-8") == "mine"
