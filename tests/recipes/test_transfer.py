"""Transfer recipes: the shipped ones, and all faults reported at once with the nearest names."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from maskwright.cli.main import main
from maskwright.errors import UsageError
from maskwright.recipes.loading import (
    dump,
    load_recipe,
    load_transfer,
    recipe_text,
    shipped_recipes,
    shipped_transfers,
    validate_recipe,
)
from maskwright.recipes.transfer import Transfer

SMALLEST: dict[str, Any] = {
    "name": "smallest",
    "models": {"one": "runs/one"},
    "source": {"shapes": {"images": 2}},
    "targets": {"fog": {"shapes": {"images": 2, "domain": "shifted"}}},
}


def faults(*overrides: str) -> list[str]:
    with pytest.raises(UsageError) as caught:
        load_transfer("shapes-transfer", overrides)
    first, *lines = str(caught.value).splitlines()
    assert first == f"shapes-transfer: {len(lines)} fault(s) in the recipe:"
    return lines


@pytest.mark.parametrize("name", sorted(shipped_transfers()))
def test_every_shipped_transfer_loads_dumps_and_bears_its_name(name: str, tmp_path: Path):
    recipe = load_transfer(name)
    assert recipe.name == name
    assert recipe.description
    path = tmp_path / "transfer.yaml"
    path.write_text(dump(recipe), encoding="utf-8")
    assert load_transfer(str(path)) == recipe
    assert validate_recipe(yaml.safe_load(path.read_text(encoding="utf-8")), "transfer.yaml", Transfer) == recipe


def test_what_a_shipped_transfer_trains_is_a_recipe_too():
    for name in shipped_transfers():
        for start in load_transfer(name).models.values():
            if start.recipe is not None:
                assert load_recipe(start.recipe, start.set).task == "instance"


def test_the_twin_scores_images_that_it_does_not_train_on():
    twin = load_transfer("shapes-transfer")
    trained = {
        2 * load_recipe(s.recipe, s.set).data.shapes.seed + part for s in twin.models.values() for part in (0, 1)
    }
    fog = twin.targets["fog"]
    drawn = [twin.source.shapes, fog.shapes, fog.train.shapes]
    assert len({each.seed for each in drawn} | trained) == len(drawn) + len(trained)


def test_names_of_trainings_and_transfers_differ():
    assert not set(shipped_recipes()) & set(shipped_transfers())
    assert recipe_text("shapes-transfer") == shipped_transfers()["shapes-transfer"]


def test_the_commands_list_show_and_describe_transfers(capsys: pytest.CaptureFixture[str]):
    assert main(["recipes"]) == 0
    assert "coco-to-cityscapes\n" in capsys.readouterr().out
    assert main(["recipes", "show", "coco-to-cityscapes"]) == 0
    assert "rider: absent" in capsys.readouterr().out
    assert main(["recipes", "schema", "--transfer"]) == 0
    assert '"fine_tune"' in capsys.readouterr().out


def test_a_text_alone_names_what_is_trained_already():
    recipe = validate_recipe(SMALLEST, "smallest", Transfer)
    assert recipe.models["one"].use == "runs/one"


def test_all_faults_are_said_at_once_with_the_nearest_names():
    lines = faults("models.extra.usee=runs/one", "targets.fog.shapes.domain=shift", "bootstrp={}")
    assert any("models.extra.usee: unknown key. Nearest: use" in line for line in lines)
    assert any("domain: found 'shift'; expected one of clear, shifted. Nearest: shifted" in line for line in lines)
    assert any("bootstrp: unknown key. Nearest: bootstrap" in line for line in lines)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("models={}", "models"),
        ("models.two={use: a, recipe: b}", "exactly one of use"),
        ("models.two={use: a, set: [train.epochs=1]}", "set belongs to recipe"),
        ("models.two/three=runs/one", "pattern"),
        ("bound.mask-rcnn=runs/one", "is named in models and in bound"),
        ("source={}", "exactly one of images"),
        ("source={annotations: a.json}", "images and annotations belong together"),
        ("source={shapes: {}, cityscapes: city}", "exactly one of images"),
        ("targets.source={shapes: {}}", "a target is called source"),
        ("targets.fog={shapes: {}, rider: maybe}", "expected one of absent"),
        ("bootstrap.level=1", "less than 1"),
        ("score=2", "less than or equal to 1"),
    ],
)
def test_what_cannot_be_is_refused(override: str, said: str):
    assert said in "\n".join(faults(override))


def test_fine_tuning_needs_images_of_its_own():
    content = {**SMALLEST, "fine_tune": {"train": {"epochs": 1}}}
    with pytest.raises(UsageError, match=r"targets\.fog\.train"):
        validate_recipe(content, "smallest", Transfer)
