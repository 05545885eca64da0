"""All choices together make a valid recipe, for either task and device."""

import pytest

from maskwright.recipes.fitting.classes import choose_classes
from maskwright.recipes.fitting.figures import ClassFigures, Machine, StepCost
from maskwright.recipes.fitting.fitted_recipe import first_draft, fit_time
from maskwright.recipes.fitting.models import choose_model
from maskwright.recipes.fitting.schedules import PartSizes
from maskwright.recipes.loading import validate_recipe
from maskwright.recipes.schema import Recipe
from tests.recipes.fitting.invented import CPU, GPU, data


def fitted(machine: Machine, task, cost: float = 0.02, **changes) -> tuple[Recipe, dict[str, str]]:
    figures = data(**changes)
    classes = choose_classes(figures.classes, figures.images, "a.json")
    model = choose_model(machine, {}, task)
    draft = first_draft("it", 3, figures, classes, model, machine.has_gpu)
    size = draft.content["model"]["input"]["size"]
    fit_time(draft, figures, model, machine, StepCost(cost, size), PartSizes(80, 20), 10)
    content = {**draft.content, "data": {"shapes": {}}}
    return validate_recipe(content, "it"), draft.reasons


@pytest.mark.parametrize("task", ["instance", "semantic"])
@pytest.mark.parametrize("machine", [CPU, GPU], ids=["cpu", "gpu"])
def test_the_recipe_is_valid_and_each_choice_has_its_reason(task, machine: Machine) -> None:
    recipe, reasons = fitted(machine, task)
    assert (recipe.task, recipe.seed, recipe.classes) == (task, 3, ["cat", "dog"])
    assert reasons.keys() >= {
        "classes",
        "model.name",
        "model.weights",
        "model.input",
        "train.epochs",
        "train.batch_size",
    }
    assert recipe.train.schedule.warmup_steps < recipe.train.epochs * 80 // recipe.train.batch_size


def test_a_size_that_time_forbids_changes_the_anchors_too() -> None:
    fast, _ = fitted(CPU, "instance", cost=0.02)
    slow, reasons = fitted(CPU, "instance", cost=1.5)
    assert slow.model.input.size < fast.model.input.size
    assert slow.model.options["anchor_sizes"] < fast.model.options["anchor_sizes"]
    assert "for the time" in reasons["model.input"]


def test_uneven_classes_are_evened_out_and_even_ones_not() -> None:
    uneven = (ClassFigures("cat", 900, 90), ClassFigures("dog", 10, 6))
    recipe, reasons = fitted(CPU, "instance", classes=uneven)
    assert recipe.train.sampling.name == "rare_classes"
    assert "15 times" in reasons["train.sampling"]
    assert fitted(CPU, "instance")[0].train.sampling.name == "shuffle"


def test_images_that_are_seen_often_are_changed_more_where_all_is_learnt_from_them() -> None:
    often, reasons = fitted(CPU, "semantic", cost=0.02)
    assert often.train.epochs >= 80
    assert (often.augment.rotation, often.augment.hue) == (15, 0.1)
    assert f"seen {often.train.epochs} times" in reasons["augment"]
    seldom, reasons = fitted(CPU, "semantic", cost=0.3)
    assert seldom.train.epochs < 80
    assert (seldom.augment.rotation, seldom.augment.brightness) == (0, 0.2)
    assert "times" not in reasons["augment"]
    assert fitted(CPU, "instance", cost=0.02)[0].augment.rotation == 0
