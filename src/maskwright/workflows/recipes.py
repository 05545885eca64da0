"""What ``maskwright recipes`` lists and copies."""

from pathlib import Path

import yaml

from maskwright.errors import UsageError
from maskwright.files import write_text
from maskwright.recipes.loading import recipe_text, shipped_recipes, shipped_transfers


def list_recipes() -> list[dict[str, str]]:
    """Name and description of every shipped recipe."""
    texts = {**shipped_recipes(), **shipped_transfers()}
    return [{"name": name, "description": yaml.safe_load(text)["description"]} for name, text in texts.items()]


def copy_recipe(name: str, out: Path | None = None) -> Path:
    """Copy the shipped recipe ``name`` to ``out``; ``UsageError`` when the file is there already."""
    text = recipe_text(name)
    path = out or Path(f"{name}.yaml")
    if path.exists():
        raise UsageError(f"{path}: is there already, and would be overwritten. Choose another file with --out.")
    write_text(path, text)
    return path
