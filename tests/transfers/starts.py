"""A transfer of one model to one target, and files of models that say where they come from."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from maskwright.model_file import CARD_KEY, SOURCE_KEY, read_model_file
from maskwright.models.published_weights import list_weights
from maskwright.recipes.loading import dump, load_recipe, validate_recipe
from maskwright.recipes.transfer import Transfer
from maskwright.run_folder import model_file
from maskwright.transfers.training_data import (
    PastTraining,
    trainings_of_file,
    trainings_of_published,
    trainings_of_recipe,
)
from tests.transfers.transferred import write_model


def transfer_of(
    start: Any, target: dict[str, Any], key: str = "models", root: Path | None = None, source: Any = None
) -> Transfer:
    others = {} if key == "models" else {"models": {"innocent": "demo-none"}}
    content = {
        "name": "t",
        "source": source or {"shapes": {"seed": 1000}},
        "targets": {"there": target},
        key: {"it": start},
        **others,
    }
    return validate_recipe({**content, **({"root": str(root)} if root else {})}, "t", Transfer)


def trainings(start: Any) -> list[PastTraining]:
    """The history of ``start``: a recipe with settings, a published name, or a model file."""
    if isinstance(start, dict):
        return list(trainings_of_recipe(load_recipe(start["recipe"], start["set"])))
    if start in {each["name"] for each in list_weights()}:
        return list(trainings_of_published(start))
    return list(trainings_of_file(model_file(Path(start))))


def trained(folder: Path, **data: Any) -> str:
    """A model file whose card says that it was trained on ``data``."""
    recipe = load_recipe("demo-instance").model_dump(mode="json") | {"data": data}
    return str(write_model(folder, recipe=dump(validate_recipe(recipe, "it"))))


def converted(path: Path, file: str, classes: tuple[str, ...], **known: str) -> str:
    """A model file as ``weights convert`` writes it from a checkpoint called ``file``."""
    card, _ = read_model_file(model_file(write_model(path.with_suffix(""), classes)))
    metadata = {CARD_KEY: json.dumps(card.__dict__), SOURCE_KEY: json.dumps({"file": file, "sha256": "0", **known})}
    save_file({"weight": torch.zeros(1)}, path, metadata)
    return str(path)
