"""The short options of a training reach the recipe."""

import pytest

from maskwright.cli.arguments.overrides import recipe_overrides
from maskwright.cli.main import main
from maskwright.errors import UsageError
from maskwright.recipes.loading import load_recipe
from maskwright.workflows import run as running
from maskwright.workflows import train as training


@pytest.mark.parametrize("verb", ["run", "train"])
def test_every_short_option_reaches_the_recipe(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict] = []

    def answer(recipe: str, **options) -> None:
        seen.append({"recipe": recipe, **options})
        raise SystemExit(0)

    monkeypatch.setattr({"run": running, "train": training}[verb], verb, answer)
    options = "--epochs 3 --lr 1e-3 --batch 2 --size 64 --classes disc ring --allow-empty-classes --set seed=5"
    assert main([verb, "demo-semantic", "train.ema=0.9", "optimizer=sgd", *options.split()]) == 0
    (call,) = seen
    recipe = load_recipe(call["recipe"], call["overrides"])
    assert (recipe.train.epochs, recipe.train.batch_size, recipe.model.input.size) == (3, 2, 64)
    assert (recipe.train.optimizer.lr, recipe.train.optimizer.name) == (1e-3, "sgd")
    assert recipe.classes == ["disc", "ring"]
    assert (recipe.seed, recipe.train.ema, recipe.data.allow_empty_classes) == (5, 0.9, True)


def test_without_options_nothing_is_overridden() -> None:
    assert recipe_overrides(None, None, None, None, None, None, None, False) == []


@pytest.mark.parametrize(
    ("names", "override"),
    [(["all"], "classes=all"), (["traffic light, yes"], 'classes=["traffic light", "yes"]'), ([""], None)],
)
def test_names_are_kept_as_text(names: list[str], override: str | None) -> None:
    expected = [override] if override is not None else []
    assert recipe_overrides(None, None, None, None, None, None, names, False) == expected


def test_a_second_recipe_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'mine\.yaml': expected one recipe"):
        recipe_overrides(["mine.yaml"], None, None, None, None, None, None, False)
