import itertools
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import UsageError
from maskwright.recipes.loading import load_recipe
from maskwright.recipes.variants import PRESETS, variants


def recipes_of(*sweeps: str, overrides: tuple[str, ...] = ()) -> list[Any]:
    return [load_recipe("demo-semantic", (*overrides, *variant.overrides)) for variant in variants(sweeps)]


def test_the_issue_s_losses_are_named_after_their_values_and_set_what_the_names_say():
    found = variants(["model.loss=ce,dice_ce,weighted_ce"])
    assert [variant.name for variant in found] == ["loss=ce", "loss=dice_ce", "loss=weighted_ce"]
    losses = [recipe.loss for recipe in recipes_of("loss=ce,dice_ce,weighted_ce")]
    assert [(loss.name, loss.class_weights) for loss in losses] == [
        ("cross_entropy", "none"),
        ("dice_ce", "none"),
        ("cross_entropy", "inverse_frequency"),
    ]
    assert variants(["model.loss.name=focal"]) == variants(["loss.name=focal"])


@pytest.mark.parametrize("name", sorted(PRESETS["loss"]))
def test_every_preset_gives_a_valid_loss_and_keeps_the_strengths_of_the_recipe(name: str):
    overrides = ("loss.auxiliary=0.1", "loss.focal_gamma=5", "loss.class_weights=effective_number")
    (recipe,) = recipes_of(f"loss={name}", overrides=overrides)
    assert (recipe.loss.auxiliary, recipe.loss.focal_gamma) == (0.1, 5)
    assert recipe.loss.class_weights == ("inverse_frequency" if name.startswith("weighted") else "none")


def test_a_preset_chooses_its_own_hard_pixels_and_not_the_recipe_s():
    losses = [recipe.loss for recipe in recipes_of("loss=ce,ohem_ce,tversky", overrides=("loss.ohem_threshold=0.7",))]
    assert [(loss.ohem_share, loss.ohem_threshold) for loss in losses] == [(None, None), (0.25, None), (None, None)]


def test_a_word_for_a_section_chooses_its_name_and_leaves_its_other_keys():
    plain = load_recipe("demo-semantic").train
    for name, recipe in zip(("sgd", "adam"), recipes_of("train.optimizer=sgd,adam"), strict=True):
        assert recipe.train.optimizer == plain.optimizer.model_copy(update={"name": name})


def test_a_section_may_be_given_whole():
    (first, second) = recipes_of("loss={name: focal, focal_gamma: 3},{name: tversky, tversky_beta: 0.9}")
    assert (first.loss.name, first.loss.focal_gamma) == ("focal", 3)
    assert (second.loss.name, second.loss.tversky_beta) == ("tversky", 0.9)


@pytest.mark.parametrize(
    ("sweep", "values"),
    [
        ("augment.scale=[0.5,2.0],null", [(0.5, 2.0), None]),
        ("augment.scale=[0.5, 2], [1,1]", [(0.5, 2.0), (1.0, 1.0)]),
        ("train.optimizer.lr=1e-4,3e-4", [1e-4, 3e-4]),
        ("model.options={widths: [4, 8], dropout: 0.1},{widths: [4, 8]}", [{"widths": [4, 8], "dropout": 0.1},
                                                                          {"widths": [4, 8]}]),
        ("classes=['disc, or so','ring'],all", [["disc, or so", "ring"], "all"]),
        ("classes=[children's,b],[a]", [["children's", "b"], ["a"]]),
        ("train.best_by=mIoU=x,mIoU", ["mIoU=x", "mIoU"]),
    ],
)  # fmt: skip
def test_values_are_split_at_their_own_commas_only_and_read_as_set_reads_them(sweep: str, values: list[Any]):
    key = sweep.partition("=")[0]
    for recipe, value in zip(recipes_of(sweep, overrides=("augment.crop=64",)), values, strict=True):
        found = recipe
        for part in key.split("."):
            found = getattr(found, part)
        assert found == value


SCALARS = st.integers() | st.booleans() | st.none() | st.text("abc ,[]{}'\"x:", max_size=6)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text("ab,", min_size=1), SCALARS, max_size=2)


@given(st.lists(VALUES, min_size=1, max_size=4), st.sampled_from("\"'"))
def test_any_yaml_values_come_apart_as_they_were_put_together(values: list[Any], quote: str):
    # In YAML's flow style, all quoted one way or the other: what somebody would write to be safe.
    style = {"default_flow_style": True, "width": 10**6, "default_style": quote}
    texts = list(dict.fromkeys(yaml.safe_dump(value, **style).strip() for value in values))
    found = variants(["model.options.x=" + ",".join(texts)])
    assert [variant.settings["model.options.x"] for variant in found] == texts


def test_several_sweeps_give_every_combination_the_last_changing_fastest():
    found = variants(["loss=ce,focal", "train.optimizer.lr=1e-4,3e-4,1e-3"])
    expected = itertools.product(["ce", "focal"], ["1e-4", "3e-4", "1e-3"])
    assert [tuple(variant.settings.values()) for variant in found] == list(expected)
    assert found[1].name == "loss=ce,train.optimizer.lr=3e-4"
    assert found[1].label == "ce, 3e-4"
    assert variants([]) == [type(found[0])({}, ())]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=150).map(lambda t: t.replace(",", ";"))


@given(st.lists(TEXTS, min_size=2, max_size=6))
def test_names_fit_any_file_system_and_no_two_are_one(values: list[str]):
    quoted = list(dict.fromkeys('"' + value.replace('"', "") + '"' for value in values))
    names = [variant.name for variant in variants(["model.options.x=" + ",".join(quoted)])]
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9._+=,-]{1,120}", name)
        assert not name.endswith((".", " "))
    assert len({name.casefold() for name in names}) == len(quoted)


@pytest.mark.parametrize("pair", ["mIoU,miou", "1.,1", "[1],1", "a/b,a b", "'a',a", f"{'x' * 200},{'x' * 201}"])
def test_values_that_some_file_system_takes_for_one_have_different_names(pair: str):
    one, other = (variant.name.casefold() for variant in variants([f"train.best_by={pair}"]))
    assert one != other


def test_the_name_of_a_variant_does_not_depend_on_what_else_is_swept():
    few, many = variants(["loss=ce,focal"]), variants(["loss=tversky,focal,ce"])
    assert {variant.name for variant in few} < {variant.name for variant in many}


@pytest.mark.parametrize(
    ("sweeps", "said"),
    [
        (["loss"], "expected key=value,value"),
        (["=ce"], "expected key=value,value"),
        (["loss="], "empty value"),
        (["loss=ce,,focal"], "Write null for no value"),
        (["loss=ce,focl"], "Unknown loss in --sweep 'focl'. Nearest: focal"),
        (["loss=ce,ce"], "has ce twice"),
        (["loss=ce", "model.loss=focal"], "--sweep loss: is given twice"),
        (["augment.scale=[0.5,2"], "lacks a closing ]"),
        (["classes=['a,b"], "lacks a closing '"),
    ],
)
def test_a_sweep_that_cannot_be_meant_is_refused_with_the_remedy(sweeps: list[str], said: str):
    with pytest.raises(UsageError) as caught:
        variants(sweeps)
    assert said in str(caught.value)
