"""A transfer of two models whose predictions are made from the truth, so that no network has to run."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from hotcoco import mask as coco_mask

from maskwright.files import read_json, write_json
from maskwright.model_file import ModelCard
from maskwright.recipes.loading import dump, load_transfer
from maskwright.runs.loaded_model import model_file
from maskwright.structures import ClassTable, with_masks
from maskwright.training.checkpoint import save_checkpoint
from maskwright.transfers.datasets import TransferDataset, load_transfer_dataset
from maskwright.transfers.models import open_transfer_model

SHAPES = ("disc", "square", "triangle", "ring")


def write_model(
    folder: Path, classes: tuple[str, ...] = SHAPES, recipe: str = "", salt: float = 0.0, **size: Any
) -> Path:
    """A model file with a card and no weights to speak of."""
    card = ModelCard(
        name="mask_rcnn:resnet18",
        task="instance",
        options={},
        classes=ClassTable.from_names(classes).to_json(),
        input=size,
        epoch=1,
        scores={},
        recipe=recipe,
    )
    save_checkpoint(folder, card, {"weight": torch.full((1,), salt)}, {})
    return folder


def detections(
    truth: TransferDataset, classes: tuple[str, ...], seed: int, offset: int, missed: float
) -> list[dict[str, Any]]:
    """The objects of ``truth`` moved by up to ``offset`` pixels, a share of them ``missed``, some of a wrong class."""
    rng = np.random.default_rng(seed)
    names = {image["id"]: image["file_name"] for image in truth.images}
    found = []
    for each in with_masks(truth.annotations):
        name = truth.table.names[each["category_id"] - 1]
        if each["iscrowd"] or rng.random() < missed or name not in classes:
            continue
        label = classes.index(name) if rng.random() > 0.1 else int(rng.integers(len(classes)))
        mask = np.roll(coco_mask.decode(each["segmentation"]), tuple(rng.integers(-offset, offset + 1, 2)), (0, 1))
        rle = coco_mask.encode(np.asfortranarray(mask))
        found.append(
            {
                "image_id": each["image_id"],
                "file_name": names[each["image_id"]],
                "category_id": label + 1,
                "bbox": [float(side) for side in coco_mask.to_bbox(rle)],
                "score": float(rng.uniform(0.3, 1)),
                "segmentation": {"size": rle["size"], "counts": rle["counts"].decode()},
            }
        )
    return found


def predict_from_truth(out: Path, key: str, model: Path, truth: TransferDataset, found: list[dict[str, Any]]) -> None:
    """Put ``found`` where a transfer keeps the predictions of ``model`` on ``truth``."""
    folder = out / "predictions" / key / truth.name
    card = open_transfer_model(key, "model", model_file(model), {})
    write_json(folder / "instances.json", found)
    write_json(folder / "classes.json", card.card.classes)
    write_json(folder / "made.json", {"model": card.sha256, "images": truth.identity})


def a_recipe(folder: Path, **changes: Any) -> tuple[Path, Path]:
    """The recipe of a transfer from clear to shifted shapes by two models, and its folder with their predictions.

    The second model is nearer to the truth than the first, both less so on the target.
    """
    out = folder / "out"
    models = {name: write_model(folder / name, salt=salt) for name, salt in (("rough", 1.0), ("fine", 2.0))}
    content: dict[str, Any] = {
        "name": "invented",
        "description": "Models that do not exist",
        "models": {name: str(path) for name, path in models.items()},
        "source": {"shapes": {"images": 12, "seed": 5}},
        "targets": {"fog": {"shapes": {"images": 10, "seed": 6, "domain": "shifted"}}},
        "bootstrap": {"samples": 60},
        "panels": 2,
        **changes,
    }
    path = folder / "transfer.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    recipe = load_transfer(str(path))
    sets = {"source": recipe.source, **recipe.targets}
    for place, (name, section) in enumerate(sets.items()):
        truth = load_transfer_dataset(name, section, folder, out / "data" / name)
        for key, offset in (("rough", 3), ("fine", 1)):
            found = detections(truth, SHAPES, 10 * place + offset, offset + place, 0.1 + 0.2 * place)
            predict_from_truth(out, key, models[key], truth, found)
    return write_recipe_marker(path, out)


def write_recipe_marker(path: Path, out: Path) -> tuple[Path, Path]:
    """Make ``out`` the folder of a transfer."""
    (out / "recipe.yaml").write_text(dump(load_transfer(path)), encoding="utf-8")
    return path, out


def raw_truth(out: Path, name: str) -> tuple[dict[str, Any], dict[int, str]]:
    """The drawn COCO file of a set, and its class names by category id."""
    document = read_json(out / "data" / name / "annotations.json")
    return document, {each["id"]: each["name"] for each in document["categories"]}


def raw_results(out: Path, key: str, name: str, ids: dict[int, str]) -> list[dict[str, Any]]:
    """The predictions of a model as COCO results with the category ids of the truth."""
    of_name = {each: category for category, each in ids.items()}
    records = copy.deepcopy(read_json(out / "predictions" / key / name / "instances.json"))
    return [{**each, "category_id": of_name[SHAPES[each["category_id"] - 1]]} for each in records]
