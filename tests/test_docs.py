"""The documentation is true: its links lead somewhere, its tables of keys and options are those of the code."""

import inspect
import re
from functools import partial
from pathlib import Path

import pytest
import torch
import yaml
from pydantic import BaseModel

from maskwright.annotations.faults import FAULTS
from maskwright.models.backbones import TORCHVISION_BACKBONES
from maskwright.models.catalogue import MODELS, PATTERNS, create_model
from maskwright.models.mask_rcnn_options import OPTION_GROUPS
from maskwright.models.point_rend.head import PointRendHead
from maskwright.models.transformers.entries import transformers_entries
from maskwright.recipes.loading import shipped_recipes
from maskwright.recipes.schema import Recipe
from maskwright.runs.context import model_options

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_to_another_page_leads_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    made = ROOT / "docs" / "reference"  # whose pages are made from the code; tests/tools/docs looks at links to them
    targets = {link: (page.parent / link).resolve() for link in links}
    assert [link for link, path in targets.items() if not path.exists() and not path.is_relative_to(made)] == []


def schema_keys(section: type[BaseModel], prefix: str = "") -> set[str]:
    """Every leaf key of the schema by its dotted path."""
    keys: set[str] = set()
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys |= schema_keys(field.annotation, f"{prefix}{name}.")
        else:
            keys.add(f"{prefix}{name}")
    return keys


def test_every_recipe_key_is_documented() -> None:
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    missing = {key for key in schema_keys(Recipe) if key.rpartition(".")[2] not in text}
    assert missing == set()


def instance_page() -> tuple[str, dict[str, str]]:
    """The page on instance models, and the default that its tables give for each option."""
    text = (ROOT / "docs" / "how-to" / "instances.md").read_text(encoding="utf-8")
    return text, dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \| \S", text, re.MULTILINE))


def test_every_option_of_instance_models_is_documented_with_its_default() -> None:
    shown = instance_page()[1]
    by_recipe = {"short_side": "model.input.size", "longest": "model.input.longest"}
    for part in (*OPTION_GROUPS, PointRendHead):
        for name, option in inspect.signature(part).parameters.items():
            if option.kind is option.KEYWORD_ONLY:
                default = list(option.default) if isinstance(option.default, tuple) else option.default
                expected = by_recipe.get(name, default)
                assert yaml.safe_load(shown.pop(name, "missing")) == expected, name
    assert shown == {}, "options that no instance model has"


def test_the_presets_of_small_instance_models_are_documented() -> None:
    text = instance_page()[0]
    small = MODELS["mask_rcnn_small"].build
    assert isinstance(small, partial)
    presets = {name: value for name, value in small.keywords.items() if name != "backbone"}
    for name, value in presets.items():
        assert f"`{name}: {list(value) if isinstance(value, tuple) else value}`" in text


def test_every_kind_of_instance_model_and_every_backbone_is_documented() -> None:
    text = instance_page()[0]
    for name, entry in MODELS.items():
        if entry.task == "instance" and not name.startswith("detectron2") and name not in OF_TRANSFORMERS:
            (row,) = [line for line in text.splitlines() if line.startswith("|") and f"`{name}`" in line]
            assert set(re.findall(r"`(\w+)`", row.rpartition(" | ")[2])) == set(entry.published), name
    kinds = [pattern.removesuffix("BACKBONE") for pattern in PATTERNS if pattern.endswith(":BACKBONE")]
    kinds = [kind for kind in kinds if not kind.startswith("mask2former")]
    assert len(kinds) == 4
    missing = [name for name in (*(f"{kind}NAME" for kind in kinds), *TORCHVISION_BACKBONES) if f"`{name}`" not in text]
    assert missing == []


OF_TRANSFORMERS = {entry.name: entry for entry in transformers_entries()}


def test_every_modern_model_and_each_of_its_options_is_documented() -> None:
    text = (ROOT / "docs" / "how-to" / "modern-models.md").read_text(encoding="utf-8")
    table, _, options = text.partition("## Options")
    for name, entry in OF_TRANSFORMERS.items():
        family = name.removesuffix("_semantic").removesuffix("_panoptic")
        shown = f"`{family}`" in table or (name.startswith("segformer_") and "`segformer_b0` … `segformer_b5`" in table)
        assert shown, name
        known = {*entry.options} - {"short_side", "longest"}
        assert [option for option in known if f"`{option}`" not in options] == [], name


def test_the_recipe_of_the_page_on_modern_models_is_one_that_builds() -> None:
    text = (ROOT / "docs" / "how-to" / "modern-models.md").read_text(encoding="utf-8")
    *_, section = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    recipe = Recipe.model_validate(yaml.safe_load(section))
    with torch.device("meta"):
        create_model(recipe.model.name, 4, model_options(recipe))


def test_the_recipes_of_the_page_on_instance_models_are_ones_that_build() -> None:
    sections = re.findall(r"```yaml\n(.*?)```", instance_page()[0], re.DOTALL)
    assert len(sections) == 2
    for section in sections:
        content = {"name": "a", "task": "instance", "data": {"shapes": {}}, "train": {"epochs": 1}}
        recipe = Recipe.model_validate(content | yaml.safe_load(section))
        with torch.device("meta"):
            create_model(recipe.model.name, 3, model_options(recipe))


def test_every_shipped_recipe_is_documented() -> None:
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert [name for name in shipped_recipes() if f"`{name}`" not in text] == []


def test_every_fault_code_is_documented() -> None:
    text = (ROOT / "docs" / "how-to" / "check.md").read_text(encoding="utf-8")
    assert [code for code in FAULTS if f"`{code}`" not in text] == []
