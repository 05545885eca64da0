"""Options of a prediction that the model's task does not allow."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from maskwright.errors import UsageError
from maskwright.runs.predicting.limits_of_task import require_possible

NOTHING = {"--cutouts": False, "--ids-of": None, "--taxonomy": None, "--resume": False}


def model(task: str) -> Any:
    return SimpleNamespace(task=task, file=Path("model.safetensors"))


@pytest.mark.parametrize("task", ["instance", "semantic", "panoptic"])
def test_nothing_asked_is_possible(task: str) -> None:
    require_possible(model(task), NOTHING)


@pytest.mark.parametrize(
    ("task", "option", "served"),
    [
        ("semantic", "--cutouts", "of the objects of instance models"),
        ("semantic", "--ids-of", "instance models"),
        ("panoptic", "--cutouts", "of the objects of instance models"),
        ("panoptic", "--taxonomy", "instance and semantic models"),
        ("panoptic", "--resume", "instance and semantic models"),
    ],
)
def test_what_is_impossible_names_the_models_that_it_is_for(task: str, option: str, served: str) -> None:
    with pytest.raises(UsageError, match=f"a {task} model; {option} .* {served}"):
        require_possible(model(task), {**NOTHING, option: "given"})


def test_an_instance_model_can_do_all() -> None:
    require_possible(model("instance"), dict.fromkeys(NOTHING, "given"))
