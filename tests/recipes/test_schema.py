from typing import Any

import pytest
from pydantic import ValidationError

from maskwright.recipes.schema import Data, Evaluate, Input, Recipe

SOURCE = {"images": "images", "annotations": "labels.json"}
SMALLEST: dict[str, Any] = {
    "name": "smallest",
    "task": "semantic",
    "data": {"shapes": {}},
    "model": {"name": "residual_attention_unet"},
    "train": {"epochs": 1},
}


@pytest.mark.parametrize(
    "data",
    [
        {"shapes": {}},
        {"train": SOURCE, "validation": SOURCE},
        {"train": SOURCE, "validation": SOURCE, "test": SOURCE},
        {"source": SOURCE, "split": "8:1:1"},
        {"source": SOURCE, "split": "0.8:0.2"},
    ],
    ids=lambda data: "+".join(data),
)
def test_the_ways_to_name_the_data(data: dict[str, Any]):
    assert Data.model_validate(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "give exactly one of"),
        ({"root": "coco"}, "give exactly one of"),
        ({"shapes": {}, "source": SOURCE, "split": "8:2"}, "give exactly one of"),
        ({"train": SOURCE, "validation": SOURCE, "shapes": {}}, "give exactly one of"),
        ({"validation": SOURCE}, "give exactly one of"),
        ({"train": SOURCE}, "train needs validation"),
        ({"source": SOURCE}, "belong together"),
        ({"train": SOURCE, "validation": SOURCE, "split": "8:2"}, "belong together"),
        ({"source": SOURCE, "split": "8"}, "pattern"),
        ({"source": SOURCE, "split": "8:1:1:1"}, "pattern"),
        ({"source": SOURCE, "split": "8/2"}, "pattern"),
        ({"shapes": {}, "max_images": 0}, "greater than or equal to 1"),
        ({"shapes": {}, "overlap": "largest"}, "smallest"),
    ],
    ids=str,
)
def test_data_that_is_named_in_no_way_or_in_two_is_refused(data: dict[str, Any], message: str):
    with pytest.raises(ValidationError, match=message):
        Data.model_validate(data)


@pytest.mark.parametrize(
    ("data", "on"),
    [
        ({"shapes": {}}, ["test"]),
        ({"train": SOURCE, "validation": SOURCE}, ["validation", "test"]),
        ({"source": SOURCE, "split": "8:2"}, ["test"]),
    ],
    ids=["shapes", "two files", "split of two"],
)
def test_a_test_part_that_does_not_exist_cannot_be_scored(data: dict[str, Any], on: list[str]):
    with pytest.raises(ValidationError, match=r"evaluate\.on names test"):
        Recipe.model_validate(SMALLEST | {"data": data, "evaluate": {"on": on}})


@pytest.mark.parametrize(
    "data",
    [{"train": SOURCE, "validation": SOURCE, "test": SOURCE}, {"source": SOURCE, "split": "8:1:1"}],
    ids=["three files", "split of three"],
)
def test_a_test_part_that_exists_can_be_scored(data: dict[str, Any]):
    recipe = Recipe.model_validate(SMALLEST | {"data": data, "evaluate": {"on": ["validation", "test"]}})
    assert recipe.evaluate.on == ("validation", "test")


@pytest.mark.parametrize(
    ("section", "values"),
    [
        (Input, {"size": 8}),
        (Input, {"multiple": 0}),
        (Input, {"resize": "stretch"}),
        (Evaluate, {"on": ["train"]}),
        (Evaluate, {"show_score": 1.1}),
        (Evaluate, {"scales": []}),
        (Evaluate, {"scales": [1, 0]}),
        (Evaluate, {"scales": [float("nan")]}),
        (Evaluate, {"window": 15}),
        (Evaluate, {"overlap": 1}),
    ],
    ids=lambda value: str(getattr(value, "__name__", value)),
)
def test_values_out_of_their_range_are_refused(section: type, values: dict[str, Any]):
    with pytest.raises(ValidationError):
        section.model_validate(values)


def test_an_evaluation_averages_over_nothing_unless_asked():
    plain = Evaluate()
    assert (plain.flip, plain.scales, plain.window) == (False, (1.0,), None)
    assert Evaluate.model_validate({"scales": [0.75, 1]}).scales == (0.75, 1.0)


@pytest.mark.parametrize("name", ["../run", "a/b", "", ".hidden", "two words", "a\n"])
def test_a_name_that_could_not_name_a_folder_is_refused(name: str):
    with pytest.raises(ValidationError, match="name"):
        Recipe.model_validate(SMALLEST | {"name": name})


@pytest.mark.parametrize(
    "section", [field for field, info in Recipe.model_fields.items() if hasattr(info.annotation, "model_fields")]
)
def test_unknown_keys_are_refused_in_every_section(section: str):
    content = SMALLEST | {section: {**SMALLEST.get(section, {}), "unheard_of": 1}}
    with pytest.raises(ValidationError, match=rf"{section}\.unheard_of"):
        Recipe.model_validate(content)


def test_a_validated_recipe_does_not_change():
    recipe = Recipe.model_validate(SMALLEST)
    with pytest.raises(ValidationError, match="frozen"):
        recipe.train.epochs = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"loss": {"name": "dice_ce"}}, "loss"),
        ({"train": {"epochs": 1, "compile": True}}, r"train\.compile"),
        (
            {"train": {"epochs": 1, "sampling": {"name": "inverse_frequency"}}},
            r"train\.sampling\.name: inverse_frequency",
        ),
        ({"evaluate": {"flip": True, "scales": [1, 2]}}, r"evaluate\.flip and evaluate\.scales"),
        ({"evaluate": {"window": 64}}, r"evaluate\.window"),
        ({"data": {"shapes": {}, "overlap": "first"}}, r"data\.overlap: first"),
        ({"data": {"shapes": {}, "crowd": "skip"}}, r"data\.crowd: skip"),
        ({"model": {"name": "a", "input": {"resize": "square"}}}, r"model\.input\.resize: square"),
        ({"model": {"name": "a", "input": {"multiple": 32}}}, r"model\.input\.multiple: 32"),
        (
            {
                "data": {"shapes": {}, "overlap": "smallest", "crowd": "include"},
                "model": {"name": "a", "input": {"resize": "square", "multiple": 2}},
                "loss": {"name": "focal"},
            },
            r"data\.overlap: smallest and data\.crowd: include and model\.input\.resize: square "
            r"and model\.input\.multiple: 2 and loss",
        ),
    ],
    ids=["loss", "compile", "sampling", "views", "window", "overlap", "crowd", "square", "multiple", "all at once"],
)
def test_what_only_semantic_models_can_do_is_refused_for_instances(changes: dict[str, Any], named: str):
    assert Recipe.model_validate(SMALLEST | changes)
    with pytest.raises(ValidationError, match=rf"found {named}, only for semantic models; expected .*Leave it out"):
        Recipe.model_validate(SMALLEST | changes | {"task": "instance"})


@pytest.mark.parametrize("model", [{}, {"input": {}}, {"input": {"size": 96}}, {"input": {"resize": "short-side"}}])
def test_instances_are_said_to_keep_their_shape_as_they_do(model: dict[str, Any]):
    content = SMALLEST | {"model": {"name": "mask_rcnn_small", **model}}
    recipe = Recipe.model_validate(content | {"task": "instance"})
    assert recipe.model.input.resize == "short-side"
    assert recipe.model.input.size == model.get("input", {}).get("size", 256)
    # What is written into the run folder, every default with it, is the same recipe.
    assert Recipe.model_validate(recipe.model_dump()) == recipe
    assert Recipe.model_validate(content).model.input.resize == model.get("input", {}).get("resize", "square")


@pytest.mark.parametrize("section", [{"model": None}, {"model": "x"}, {"model": {"name": "a", "input": None}}])
def test_a_section_that_is_none_stays_a_fault_of_its_own(section: dict[str, Any]):
    with pytest.raises(ValidationError, match="model"):
        Recipe.model_validate(SMALLEST | {"task": "instance"} | section)


def test_a_range_of_scales_in_a_batch_of_a_semantic_model_needs_a_crop():
    content = SMALLEST | {"augment": {"scale": [0.5, 2]}}
    remedy = r"augment\.scale: \[0\.5, 2\.0\] .*\(train\.batch_size: 4\); set augment\.crop .*or train\.batch_size: 1"
    with pytest.raises(ValidationError, match=remedy):
        Recipe.model_validate(content)
    for change in (
        {"augment": {"scale": [0.5, 2], "crop": 64}},
        {"augment": {"scale": [0.5, 0.5]}},
        {"train": {"epochs": 1, "batch_size": 1}},
        {"train": {"epochs": 1, "batch_size": 2, "devices": 2}},
        {"task": "instance"},
    ):
        assert Recipe.model_validate(content | change)


def panoptic(**sections: Any) -> dict[str, Any]:
    return SMALLEST | {"task": "panoptic"} | sections


def test_a_panoptic_recipe_names_its_stuff_and_an_overlap_rule() -> None:
    recipe = Recipe.model_validate(panoptic(data={**SMALLEST["data"], "stuff": ["sky"], "overlap": "first"}))
    assert recipe.data.stuff == ["sky"]
    assert recipe.model.input.resize == "square"


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_stuff_is_for_panoptic_models_alone(task: str) -> None:
    with pytest.raises(ValidationError, match=r"data.stuff.*panoptic"):
        Recipe.model_validate(SMALLEST | {"task": task, "data": {**SMALLEST["data"], "stuff": []}})


@pytest.mark.parametrize(
    "section",
    [
        {"augment": {"copy_paste": 0.5}},
        {"loss": {"name": "focal"}},
        {"evaluate": {"flip": True}},
        {"evaluate": {"window": 64}},
        {"train": {**SMALLEST["train"], "compile": True}},
        {"data": {**SMALLEST["data"], "crowd": "include"}},
    ],
)
def test_what_a_panoptic_model_cannot_use_is_refused(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="panoptic"):
        Recipe.model_validate(panoptic(**section))


def test_built_in_streets_are_one_way_to_name_the_data() -> None:
    recipe = Recipe.model_validate(panoptic(data={"streets": {"train": 3}}))
    assert recipe.data.built_in
    assert recipe.data.streets is not None
    assert recipe.data.streets.height == 128
    with pytest.raises(ValidationError, match="exactly one"):
        Recipe.model_validate(panoptic(data={"streets": {}, "shapes": {}}))
    with pytest.raises(ValidationError, match=r"groups does not go with .*streets"):
        Recipe.model_validate(panoptic(data={"streets": {}}, groups="coco9"))
