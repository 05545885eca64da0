"""The option ``aligned``: on for new runs, off for weights and runs that were trained without it."""

from pathlib import Path

import pytest
import torch
import yaml

from maskwright.model_file import ModelCard, read_card, write_model_file
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.recipes.schema import Recipe
from maskwright.run_folder import RunFolder
from maskwright.runs.folder import create_run, open_run
from maskwright.runs.loaded_model import load_model
from maskwright.runs.starting.options import with_starting_options
from maskwright.structures import ClassTable
from tests.small_runs import small_run

NAME = "mask_rcnn_resnet50_fpn"
QUIET = Reporter(quiet=True)


def recipe(*overrides: str, name: str = NAME) -> Recipe:
    return load_recipe("demo-instance", [f"model={{name: {name}}}", *overrides])


def aligned(folder: Path, *overrides: str, name: str = NAME) -> object:
    return with_starting_options(recipe(*overrides, name=name), folder).model.options.get("aligned")


def model_file(path: Path, options: dict[str, object]) -> str:
    card = ModelCard(NAME, "instance", options, ClassTable.from_names(["disc"]).to_json(), {}, 1, {}, "")
    write_model_file(path, card, {"roi_heads.a": torch.zeros(1)}, {})
    return str(path)


def test_a_new_run_is_aligned_but_from_weights_that_are_not(tmp_path: Path) -> None:
    for weights, expected in (("none", True), ("imagenet", True), ("coco", False)):
        assert aligned(tmp_path / "run", f"model.weights={weights}") is expected, weights


def test_a_file_without_a_card_is_torchvisions_where_it_has_heads(tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    for key, expected in (("layer1.0.conv1.weight", True), ("roi_heads.box_head.fc6.weight", False)):
        torch.save({key: torch.zeros(1)}, file)
        assert aligned(tmp_path / "run", f"model.weights={file}") is expected


def test_a_model_file_hands_its_own_rule_on(tmp_path: Path) -> None:
    for options, expected in (({}, False), ({"aligned": False}, False), ({"aligned": True}, True)):
        file = model_file(tmp_path / "model.safetensors", options)
        assert aligned(tmp_path / "run", f"model.weights={file}") is expected


def test_what_the_recipe_says_stays(tmp_path: Path) -> None:
    assert aligned(tmp_path / "run", "model.weights=coco", "model.options.aligned=true") is True
    assert aligned(tmp_path / "run", "model.options.aligned=false") is False


@pytest.mark.parametrize("stated", [None, True, False])
def test_a_run_that_exists_keeps_its_rule_also_one_that_states_none(stated: bool | None, tmp_path: Path) -> None:
    more = [] if stated is None else [f"model.options.aligned={stated}"]
    create_run(recipe(*more), tmp_path / "run", QUIET)
    assert aligned(tmp_path / "run") is stated
    create_run(with_starting_options(recipe(), tmp_path / "run"), tmp_path / "run", QUIET)  # is the same recipe


@pytest.mark.parametrize("name", ["detectron2_mask_rcnn_resnet50_fpn", "detectron2_point_rend_resnet50_fpn"])
def test_models_that_are_always_aligned_have_no_such_option(name: str, tmp_path: Path) -> None:
    assert aligned(tmp_path, name=name) is None


def test_semantic_models_have_no_such_option(tmp_path: Path) -> None:
    before = load_recipe("demo-semantic")
    assert with_starting_options(before, tmp_path) == before


def test_a_run_states_its_rule_and_its_model_follows_it(instance_run: Path) -> None:
    assert open_run(instance_run, QUIET).recipe.model.options["aligned"] is True
    card = read_card(instance_run / "checkpoints" / "best" / "model.safetensors")
    assert card is not None
    assert card.options["aligned"] is True
    assert load_model(instance_run).module.roi_heads.aligned  # type: ignore[union-attr]


def test_a_run_of_an_earlier_version_goes_on_without_it(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert small_run("instance", out, "--set", "model.options.aligned=false", verb="train") == 0
    file = RunFolder(out).recipe_file  # as an earlier version wrote it
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    del content["model"]["options"]["aligned"]
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    assert small_run("instance", out) == 0
    assert "aligned" not in open_run(out, QUIET).recipe.model.options
