"""Certification: a file of another network than the model is refused, and the worst image is named."""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from maskwright.errors import WeightsError
from maskwright.export.certificate import Certificate
from maskwright.models.normalisation import Normalisation, normalise
from maskwright.runs.exports.certification import Certification
from maskwright.runs.loaded_model import LoadedModel, load_model


def change_a_weight(module: nn.Module) -> None:
    """Change one number of a convolution in the middle."""
    layers = [each for each in module.modules() if isinstance(each, nn.Conv2d)]
    with torch.no_grad():
        layers[len(layers) // 2].weight.view(-1)[0] += 1.0


def change_the_mean(module: nn.Module) -> None:
    normalise(module, Normalisation((0.5, 0.5, 0.5), (0.229, 0.224, 0.225)))


def compared(model: LoadedModel[Any], other: LoadedModel[Any], photos: list[Path]) -> Certification:
    from maskwright.images.decode import read_image

    found = Certification(model, other, Certificate("photos", 0.0001))
    found.compare((photo.name, read_image(photo)) for photo in photos)
    return found


@pytest.mark.parametrize("task", ["semantic", "instance"])
@pytest.mark.parametrize("damage", [change_a_weight, change_the_mean])
def test_a_damaged_model_is_refused_with_the_worst_image(
    damage: Any, task: str, request: pytest.FixtureRequest
) -> None:
    run: Path = request.getfixturevalue(f"{task}_run")
    photos = sorted((run / "data" / "validation" / "images").iterdir())[:3]
    model = load_model(run, "cpu")
    damaged = replace(model, module=copy.deepcopy(model.module))
    damage(damaged.module)
    assert compared(model, model, photos).certificate.accepted
    found = compared(model, damaged, photos).certificate
    worst = max(found.agreements, key=lambda each: each.worst).name
    with pytest.raises(WeightsError, match=f"the worst image is {worst}"):
        found.require_accepted("a.onnx")


def test_the_worst_are_drawn_with_what_differs(semantic_run: Path) -> None:
    photos = sorted((semantic_run / "data" / "validation" / "images").iterdir())
    model = load_model(semantic_run, "cpu")
    other = replace(model, module=copy.deepcopy(model.module))
    change_the_mean(other.module)
    picture = compared(model, other, photos).picture()
    assert picture.shape[0] > 5 * 240
    different = (picture == (230, 0, 60)).all(axis=2)
    assert different.any()
    equal = compared(model, model, photos[:1]).picture()
    assert not (equal == (230, 0, 60)).all(axis=2).any()
