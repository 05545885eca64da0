from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.cli.main import main
from maskwright.errors import UsageError
from maskwright.recipes.loading import classes_among, dump, load_recipe, recipe_text, shipped_recipes, validate_recipe
from maskwright.recipes.schema import Recipe

SMALLEST = """
name: smallest
task: semantic
data: {shapes: {train: 4, validation: 2}}
model: {name: residual_attention_unet}
train: {epochs: 1}
"""


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(SMALLEST, encoding="utf-8")
    return path


def faults(*overrides: str, name: str = "demo-semantic") -> list[str]:
    """The lines of the message with which the recipe is refused, without the first."""
    with pytest.raises(UsageError) as caught:
        load_recipe(name, overrides)
    first, *lines = str(caught.value).splitlines()
    assert first == f"{name}: {len(lines)} fault(s) in the recipe:"
    return lines


def test_there_are_recipes_for_all_tasks():
    assert {load_recipe(name).task for name in shipped_recipes()} == {"semantic", "instance", "panoptic"}


@pytest.mark.parametrize("name", sorted(shipped_recipes()))
def test_every_shipped_recipe_loads_and_bears_the_name_of_its_file(name: str):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.description


@pytest.mark.parametrize("name", sorted(shipped_recipes()))
def test_a_dumped_recipe_loads_as_the_same_recipe(name: str, tmp_path: Path):
    recipe = load_recipe(name)
    path = tmp_path / "recipe.yaml"
    path.write_text(dump(recipe), encoding="utf-8")
    assert load_recipe(str(path)) == recipe
    # Readers of YAML 1.1 must see the same.
    assert validate_recipe(yaml.safe_load(path.read_text(encoding="utf-8")), "recipe.yaml") == recipe


WORDS = st.sampled_from(
    ["on", "no", "yes", "null", "~", "1e-3", "8:1:1", "1_000", "0x1F", "012", ".5", "2024-01-01", "=", "<<"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | WORDS
)
OPTIONS = st.dictionaries(st.text(max_size=8) | WORDS, SCALARS | st.lists(SCALARS, max_size=3), max_size=4)


@settings(max_examples=60)
@given(st.text(max_size=20) | WORDS, st.floats(1e-12, 1e3), OPTIONS)
def test_any_values_survive_dumping_and_loading(description: str, lr: float, options: dict[str, Any]):
    content = yaml.safe_load(SMALLEST) | {"description": description}
    content["model"]["options"] = options
    content["train"]["optimizer"] = {"lr": lr}
    recipe = validate_recipe(content, "smallest")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "recipe.yaml"
        path.write_text(dump(recipe), encoding="utf-8")
        assert load_recipe(str(path)) == recipe
    assert validate_recipe(yaml.safe_load(dump(recipe)), "smallest") == recipe


def test_a_dumped_recipe_states_every_default(recipe_file: Path):
    dumped = yaml.safe_load(dump(load_recipe(str(recipe_file))))
    assert set(dumped) == set(Recipe.model_fields)
    assert dumped["train"]["optimizer"] == {
        "name": "adam", "lr": 1e-4, "weight_decay": 0.0, "momentum": 0.9, "encoder_lr_factor": 1.0,
        "encoder_layer_decay": 1.0,
    }  # fmt: skip


def test_the_key_on_is_a_word_not_the_truth_value_of_yaml_1_1(recipe_file: Path):
    recipe_file.write_text(SMALLEST + "evaluate:\n  on: [validation]\n", encoding="utf-8")
    assert load_recipe(str(recipe_file)).evaluate.on == ("validation",)


@pytest.mark.parametrize(
    ("override", "section", "key", "value"),
    [
        ("train.epochs=2", "train", "epochs", 2),
        ("train.clip_norm=1e-3", "train", "clip_norm", 0.001),
        ("train.ema=.5", "train", "ema", 0.5),
        ("data.max_images=3", "data", "max_images", 3),
        ("data.only_with_objects=true", "data", "only_with_objects", True),
        ("augment.scale=[0.5, 0.5]", "augment", "scale", (0.5, 0.5)),
        ("model.options={widths: [4, 8]}", "model", "options", {"widths": [4, 8]}),
        ("model.options.widths=[4, 8]", "model", "options", {"widths": [4, 8], "bottleneck": 96}),
        (
            "model.options.dropout=1e-3",
            "model",
            "options",
            {"widths": [24, 40, 64], "bottleneck": 96, "dropout": 0.001},
        ),
        ("train.best_by=mIoU=x", "train", "best_by", "mIoU=x"),
        ("train.best_by=", "train", "best_by", None),
    ],
)
def test_an_override_replaces_one_value(override: str, section: str, key: str, value: Any):
    recipe, plain = load_recipe("demo-semantic", [override]), load_recipe("demo-semantic")
    assert getattr(getattr(recipe, section), key) == value
    unchanged = getattr(plain, section).model_copy(update={key: value})
    assert recipe == plain.model_copy(update={section: unchanged})


def test_overrides_reach_deep_create_sections_and_the_last_one_wins():
    recipe = load_recipe(
        "demo-semantic", ["train.optimizer.lr=1e-3", "train.optimizer.lr=5e-4", "evaluate.show_score=0.3", "seed=7"]
    )
    assert recipe.train.optimizer.lr == 5e-4
    assert recipe.train.optimizer.name == "adamw"
    assert recipe.evaluate.show_score == 0.3
    assert recipe.seed == 7


def test_split_ratios_are_no_sexagesimal_number():
    source = "data={source: {images: i, annotations: a.json}, split: 8:1:1}"
    assert load_recipe("demo-semantic", [source]).data.split == "8:1:1"
    assert load_recipe("demo-semantic", [source, "data.split=80:20"]).data.split == "80:20"


def test_classes_can_be_overridden_by_a_list_of_names_even_such_as_no():
    assert load_recipe("demo-semantic", ["classes=[person, no, on]"]).classes == ["person", "no", "on"]


@pytest.mark.parametrize("override", ["train.epochs", "=2", ""])
def test_an_override_without_key_or_value_is_answered_with_an_example(override: str):
    with pytest.raises(UsageError, match=r"expected section\.key=value, for example train\.epochs=2"):
        load_recipe("demo-semantic", [override])


def test_the_classes_among_overrides_are_those_of_the_last_that_names_some():
    assert classes_among(["epochs=3"]) is None
    assert classes_among(["classes=all"]) is None
    assert classes_among(["classes=person,traffic light", "lr=0.1"]) == ["person", "traffic light"]
    assert classes_among(["classes=[disc]", "classes=[ring, disc]"]) == ["ring", "disc"]


def test_an_override_that_is_not_yaml_is_refused():
    with pytest.raises(UsageError, match=r"--set train\.epochs=\[1.*not a YAML value"):
        load_recipe("demo-semantic", ["train.epochs=[1"])


@pytest.mark.parametrize(
    ("override", "path", "nearest"),
    [
        ("train.epoch=2", "train.epoch", "epochs"),
        ("train.optimizer.weight_deacy=1", "train.optimizer.weight_deacy", "weight_decay"),
        ("modell.name=x", "modell", "model"),
        ("data.shapes.validaton=3", "data.shapes.validaton", "validation"),
        ("model.input.siez=3", "model.input.siez", "size"),
        ("augment.horizontal_flipp=1", "augment.horizontal_flipp", "horizontal_flip"),
    ],
)
def test_an_unknown_key_is_answered_with_its_path_and_the_nearest_key(override: str, path: str, nearest: str):
    (line,) = faults(override)
    assert line.startswith(f"  {path}: unknown key. Nearest: {nearest}")


def test_a_wrong_choice_is_answered_with_all_choices_and_the_nearest():
    (line,) = faults("train.optimizer.name=adamv")
    assert line == "  train.optimizer.name: found 'adamv'; expected one of adam, adamw, sgd. Nearest: adam."


def test_all_faults_are_reported_at_once():
    lines = faults("train.epochs=0", "train.batchsize=4", "task=detection", "model.input.size=huge", "name=a/b")
    assert sorted(line.split(":")[0].strip() for line in lines) == [
        "model.input.size",
        "name",
        "task",
        "train.batchsize",
        "train.epochs",
    ]


def test_missing_sections_are_named():
    with pytest.raises(UsageError) as caught:
        validate_recipe({"name": "x", "data": {}}, "mine.yaml")
    for section in ("task", "model", "train"):
        assert f"  {section}: missing; it has no default." in str(caught.value)


@pytest.mark.parametrize(
    "content",
    ["", "[1, 2]", "just text", "a: [1", "a: b: c", "\x00"],
    ids=["empty", "list", "text", "cut", "colons", "NUL"],
)
def test_a_file_that_holds_no_recipe_is_refused_with_its_name(recipe_file: Path, content: str):
    recipe_file.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=r"(?s)mine\.yaml: .*[Ee]xpected the sections of a recipe"):
        load_recipe(str(recipe_file))


def test_a_file_that_is_not_text_is_refused_with_its_name(recipe_file: Path):
    recipe_file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"mine\.yaml: is not UTF-8 text"):
        load_recipe(str(recipe_file))


def test_yaml_that_would_run_code_is_refused(recipe_file: Path, tmp_path: Path):
    recipe_file.write_text(f"!!python/object/apply:os.mkdir [{tmp_path / 'ran'}]", encoding="utf-8")
    with pytest.raises(UsageError, match="is not valid YAML"):
        load_recipe(str(recipe_file))
    assert not (tmp_path / "ran").exists()


def test_keys_that_are_no_words_are_a_fault(recipe_file: Path):
    recipe_file.write_text(SMALLEST + "5: 6\n", encoding="utf-8")
    assert faults(name=str(recipe_file)) == ["  5: found 5; Keys should be strings."]


def test_an_unknown_recipe_is_answered_with_the_nearest_name_and_exit_code_2(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(UsageError, match=r"Unknown recipe 'demo-semantik'\. Nearest: demo-semantic"):
        recipe_text("demo-semantik")
    assert main(["recipes", "show", "demo-semantik"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: Unknown recipe 'demo-semantik'. Nearest: demo-semantic")


def test_an_unknown_recipe_file_is_answered_with_the_file_beside_it(recipe_file: Path):
    with pytest.raises(UsageError, match=r"Nearest: mine\.yaml"):
        recipe_text(str(recipe_file.with_name("mime.yaml")))
