"""Keys of a recipe as people type them."""

from collections.abc import Iterator

import pytest

from maskwright.errors import UsageError
from maskwright.recipes.loading import load_recipe, load_transfer, shipped_transfers
from maskwright.recipes.schema import Recipe
from maskwright.recipes.setting_names import is_list, recipe_key
from maskwright.recipes.transfer import Transfer


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("train.epochs", "train.epochs"),
        ("epochs", "train.epochs"),
        ("lr", "train.optimizer.lr"),
        ("train.lr", "train.optimizer.lr"),
        ("optimizer.lr", "train.optimizer.lr"),
        ("learning-rate", "train.optimizer.lr"),
        ("batch", "train.batch_size"),
        ("train.batch", "train.batch_size"),
        ("batch-size", "train.batch_size"),
        ("imgsz", "model.input.size"),
        ("model.size", "model.input.size"),
        ("loss", "loss.name"),
        ("optimizer", "train.optimizer.name"),
        ("name", "name"),
        ("model.options.widths", "model.options.widths"),
        ("data.train.at_least.dog", "data.train.at_least.dog"),
        ("data", "data"),
        ("model.lr", None),
        ("loss.batch", None),
        ("train.epochz", None),
        ("annotations", None),  # of which part of the data?
    ],
)
def test_a_key_is_found_by_what_is_clear_of_it(typed: str, key: str | None) -> None:
    assert recipe_key(typed, Recipe) == key


def test_every_key_of_a_recipe_means_itself() -> None:
    def keys(content: dict, prefix: str = "") -> Iterator[str]:
        for name, value in content.items():
            if isinstance(value, dict):
                yield from keys(value, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}"

    for key in keys(load_recipe("demo-instance").model_dump(mode="json")):
        assert recipe_key(key, Recipe) == key


@pytest.mark.parametrize(
    ("key", "expected"),
    [("classes", True), ("evaluate.on", True), ("evaluate.scales", True), ("seed", False), ("model.options.x", False)],
)
def test_keys_that_take_lists_are_known(key: str, expected: bool) -> None:
    assert is_list(key, Recipe) == expected


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("classes=disc,ring", ["disc", "ring"]),
        ("classes=disc", ["disc"]),
        ("classes=[disc, ring]", ["disc", "ring"]),
        ("classes=all", "all"),
    ],
)
def test_classes_are_given_with_commas(override: str, value: object) -> None:
    assert load_recipe("demo-semantic", [override]).classes == value


def test_other_lists_and_sections_are_given_as_people_write_them() -> None:
    recipe = load_recipe("demo-semantic", ["scales=0.5,1", "loss=focal", "epochs=3", "loss.focal_gamma=1"])
    assert (recipe.evaluate.scales, recipe.loss.name, recipe.loss.focal_gamma) == ((0.5, 1.0), "focal", 1)
    assert recipe.train.epochs == 3
    assert load_recipe(recipe, ["loss={name: lovasz}"]).loss.name == "lovasz"


def test_a_key_in_the_wrong_place_of_a_file_is_answered_with_the_right_one() -> None:
    content = load_recipe("demo-semantic").model_dump(mode="json")
    content["epochs"] = 3
    content["train"]["lr"] = 0.1
    with pytest.raises(UsageError) as refused:
        load_recipe(content)
    assert "epochs: unknown key. Use train.epochs." in str(refused.value)
    assert "train.lr: unknown key. Use train.optimizer.lr." in str(refused.value)


def test_the_keys_of_a_transfer_mean_themselves() -> None:
    assert recipe_key("targets.city.images", Transfer) == "targets.city.images"
    assert load_transfer(next(iter(shipped_transfers())), ["seed=3"]).seed == 3
