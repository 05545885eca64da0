"""The listing of models is the catalogue."""

import pytest

from maskwright.errors import UsageError
from maskwright.models.catalogue import MODELS, PATTERNS, find_model
from maskwright.workflows.models import list_models


def test_every_model_and_pattern_of_the_catalogue_is_listed() -> None:
    assert [model["name"] for model in list_models()] == [*MODELS, *PATTERNS]


def test_one_model_is_told_with_its_task_weights_and_options() -> None:
    ((unet),) = list_models("residual_attention_unet")
    assert (unet["name"], unet["task"], unet["weights"]) == ("residual_attention_unet", "semantic", [])
    assert unet["options"]


def test_the_models_of_a_pattern_have_the_task_of_what_is_built() -> None:
    tasks = {model["name"]: model["task"] for model in list_models() if model["options"] is None}
    assert {name: tasks[name] for name in PATTERNS} == {
        name: find_model(name.replace("ARCHITECTURE/ENCODER", "Unet/resnet18").replace("BACKBONE", "resnet18")).task
        for name in PATTERNS
    }


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="residual_attention_unet"):
        list_models("residual_attention_unett")
