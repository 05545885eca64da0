"""``maskwright recipes``: list and copy the shipped recipes."""

from pathlib import Path

import yaml

from maskwright.files import write_text
from maskwright.outputs.output import Output
from maskwright.outputs.writing import output_files
from maskwright.progress import Reporter
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
    # libyaml takes a tenth of the time. The files are the package's own: no limit is needed.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [{"name": name, "description": yaml.load(text, loader)["description"]} for name, text in texts.items()]


def copy_recipe(name: str, out: str | Path | None = None) -> Path:
    """Copy the shipped recipe ``name`` to the file ``out``, by default ``NAME.yaml``, and return its path.

    Raises ``UsageError`` for an unknown name, and when the file exists with other text.
    """
    text = recipe_text(name)
    path = Path(out) if out is not None else Path(f"{name}.yaml")
    with output_files(Output("recipes copy", path, Reporter().notice)) as staging:
        write_text(staging / path.name, text)
    return path
