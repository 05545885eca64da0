"""The reference of recipe keys."""

import inspect
from collections.abc import Iterator

import griffe
import pytest
from pydantic import BaseModel

from maskwright.recipes.schema import Recipe
from maskwright.recipes.section import Section
from maskwright.recipes.transfer import Transfer
from tools.docs.recipe_keys import recipe_page


def sections(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for each in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(each, type) and issubclass(each, Section):
                yield from sections(each)


@pytest.mark.parametrize("recipe", [Recipe, Transfer])
def test_every_key_of_every_section_has_a_row(recipe: type[BaseModel]) -> None:
    page = recipe_page()
    tables = page.split("| Key | Type | Default |")[1:]
    for section in sections(recipe):
        keys = [f"| `{name}` |" for name in section.model_fields]
        assert any(all(key in each for key in keys) for each in tables), section.__name__


@pytest.mark.parametrize("recipe", [Recipe, Transfer])
def test_every_key_has_a_meaning(recipe: type[BaseModel]) -> None:
    rows = [line for line in recipe_page().splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []
    undescribed = {each for each in sections(recipe) if set(attributes_of(each)) != set(each.model_fields)}
    assert undescribed == set()


def attributes_of(section: type[BaseModel]) -> list[str]:
    """The names in the ``Attributes:`` of a section's docstring."""
    parts = griffe.Docstring(inspect.getdoc(section) or "").parse("google")
    return [each.name for part in parts if part.kind is griffe.DocstringSectionKind.attributes for each in part.value]


def test_types_limits_and_defaults_are_told() -> None:
    page = recipe_page()
    assert "| `lr` | number, > 0 | `0.0001` |" in page
    assert "| `epochs` | integer, ≥ 1 | required |" in page
    assert "| `task` | `semantic`, `instance`, `panoptic` | required |" in page
    assert "| `input` | [section](#recipe.Input) |  |" in page
    assert "### `model.input` {#recipe.Input}" in page
    assert "The same keys: `data.validation`, `data.test`, `data.source`." in page
