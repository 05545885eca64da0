"""``maskwright recipes``: list and copy the shipped recipes."""

from pathlib import Path

import yaml

from maskwright.errors import UsageError
from maskwright.files import write_text
from maskwright.recipes.loading import recipe_text, shipped_recipes, shipped_transfers


def list_recipes() -> list[dict[str, str]]:
    """Return the shipped recipes of trainings and of transfers.

    Returns:
        A record of each recipe: ``name`` and ``description``.

    Example:
        >>> import maskwright as mw
        >>> [recipe["name"] for recipe in mw.list_recipes() if recipe["name"].startswith("demo")]
        ['demo-instance', 'demo-instance-short', 'demo-semantic', 'demo-semantic-short']
    """
    texts = {**shipped_recipes(), **shipped_transfers()}
    return [{"name": name, "description": yaml.safe_load(text)["description"]} for name, text in texts.items()]


def copy_recipe(name: str, out: str | Path | None = None) -> Path:
    """Copy the shipped recipe ``name`` to the file ``out``, by default ``NAME.yaml``, and return its path.

    Raises ``UsageError`` for an unknown name, and when the file exists.
    """
    text = recipe_text(name)
    path = Path(out) if out is not None else Path(f"{name}.yaml")
    if path.exists():
        raise UsageError(f"{path}: exists; expected a new file. Choose another with --out.")
    write_text(path, text)
    return path
