"""From a recipe to the parts of an experiment."""

from pathlib import Path

import pytest
import torch

from maskwright.errors import UsageError
from maskwright.recipes.loading import load_recipe
from maskwright.structures import ClassTable
from maskwright.training.checkpoint import ModelCard, save_checkpoint
from maskwright.workflows.experiment import build_model, input_size, model_options, score_to_compare


@pytest.mark.parametrize(
    ("overrides", "image", "expected"),
    [
        (["model.input.size=100"], (48, 64), (100, 100)),
        (["model.input.size=100", "model.input.multiple=32"], (48, 64), (128, 128)),
        (["model.input.resize=short-side", "model.input.size=96", "augment.crop=64"], (48, 64), (96, 128)),
        (
            ["model.input={resize: short-side, size: 96, longest: 100, multiple: 16}", "augment.crop=64"],
            (48, 64),
            (80, 112),
        ),
    ],
)
def test_the_input_size_follows_the_recipe(overrides: list[str], image: tuple[int, int], expected) -> None:
    assert input_size(load_recipe("demo-semantic", overrides).model.input).of(image) == expected


def test_detection_models_get_the_input_size_as_options() -> None:
    options = model_options(load_recipe("demo-instance", ["model.input.longest=300"]))
    assert (options["short_side"], options["longest"]) == (128, 300)
    assert "short_side" not in model_options(load_recipe("demo-semantic"))


def test_the_best_checkpoint_is_chosen_by_the_task_s_main_score() -> None:
    assert score_to_compare(load_recipe("demo-semantic")) == "mIoU"
    assert score_to_compare(load_recipe("demo-instance")) == "segm_AP"
    with pytest.raises(UsageError, match="segm_AP50"):
        score_to_compare(load_recipe("demo-instance", ["train.best_by=segm_ap50"]))


def test_the_best_checkpoint_can_be_chosen_by_the_iou_of_a_class() -> None:
    recipe = load_recipe("demo-semantic", ["train.best_by=IoU/ring"])
    assert score_to_compare(recipe) == score_to_compare(recipe, ["disc", "ring"]) == "IoU/ring"
    assert score_to_compare(load_recipe("demo-semantic", ["train.best_by=IoU/background"]), []) == "IoU/background"


@pytest.mark.parametrize(("overrides", "classes"), [([], ["disc", "ring"]), (["classes=[disc]"], None)])
def test_a_class_that_does_not_exist_cannot_choose_the_best(overrides: list[str], classes: list[str] | None) -> None:
    with pytest.raises(UsageError, match=r"Nearest: .*IoU/disc"):
        score_to_compare(load_recipe("demo-semantic", ["train.best_by=IoU/disk", *overrides]), classes)


def test_a_model_of_the_other_task_is_refused_with_those_of_this_one() -> None:
    recipe = load_recipe("demo-semantic", ["model.name=mask_rcnn_small", "model.options={}"])
    with pytest.raises(UsageError, match="Unknown semantic model 'mask_rcnn_small'"):
        build_model(recipe, ["disc", "ring", "square"])


def test_a_model_of_other_classes_starts_from_what_it_knows_of_those_it_shares(tmp_path: Path) -> None:
    small = ["model.options={widths: [4, 8], bottleneck: 8}"]
    recipe = load_recipe("demo-semantic", small)
    trained, _ = build_model(recipe, ["disc", "ring"])
    table = ClassTable.from_names(["disc", "ring"]).to_json()
    card = ModelCard(recipe.model.name, "semantic", dict(recipe.model.options), table, {}, 1, {}, recipe.name)
    save_checkpoint(tmp_path / "best", card, trained.state_dict(), {})
    again = load_recipe("demo-semantic", [*small, f"model.weights={tmp_path / 'best' / 'model.safetensors'}"])
    model, coverage = build_model(again, ["ring", "square"])
    assert coverage is not None
    assert str(coverage).endswith("the heads keep what they know of ring, by name")
    model.eval()
    trained.eval()
    with torch.inference_mode():
        images = torch.rand(1, 3, 32, 32)
        now, before = (each(images)["logits"] for each in (model, trained))
        assert torch.equal(now[:, :2], before[:, [0, 2]])
