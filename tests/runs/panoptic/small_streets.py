"""A small panoptic recipe on the built-in streets."""

from pathlib import Path
from typing import Any

import yaml

from maskwright.cli.main import main
from tests.models.transformers.small_queries import EOMT, SMALL

OPTIONS: dict[str, Any] = {
    "mask2former_tiny_panoptic": SMALL,
    "eomt_tiny_panoptic": {key: value for key, value in EOMT.items() if key != "image_size"},
}


def street_recipe(name: str = "mask2former_tiny_panoptic", **train: Any) -> dict[str, Any]:
    """Return a recipe of the small model ``name`` on a few small streets."""
    return {
        "name": "streets",
        "task": "panoptic",
        "data": {"streets": {"train": 4, "validation": 3, "height": 64}},
        "classes": ["road", "sky", "building", "person", "car"],
        "model": {"name": name, "options": OPTIONS[name] | {"queries": 12}, "input": {"size": 64}},
        "augment": {"horizontal_flip": 0.5},
        "train": {"epochs": 2, "batch_size": 2, "optimizer": {"name": "adamw", "lr": 0.003}, **train},
        "report": {"panels": 2},
    }


def run_streets(out: Path, *more: str, verb: str = "train", **recipe: Any) -> int:
    """Run the recipe of :func:`street_recipe` into ``out``; return the exit code."""
    file = out.parent / f"{out.name}.yaml"
    file.write_text(yaml.safe_dump(street_recipe(**recipe)))
    return main([verb, str(file), "--out", str(out), "--quiet", *more])
