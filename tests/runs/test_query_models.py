"""Query models through the one loop: trained, stopped and resumed, validated, predicted, by recipe and seed."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from lightning_fabric import Fabric

from maskwright.annotations.coco.file import CocoImage
from maskwright.annotations.objects import ImageObjects
from maskwright.cli.main import main
from maskwright.errors import UsageError
from maskwright.models.catalogue import create_model
from maskwright.recipes.loading import load_recipe
from maskwright.recipes.schema import Recipe
from maskwright.runs.context import build_model, input_size, model_options
from maskwright.runs.instance_data import lines_on_few_queries, objects_to_find
from maskwright.runs.losses import batch_losses, has_own_losses
from maskwright.runs.metrics.validation_loss import OwnValidationLoss, giving_losses
from maskwright.runs.starting.trial import try_steps
from maskwright.structures import ClassTable
from maskwright.training import loop
from maskwright.training.checkpoint import read_state
from maskwright.training.interruption import StopRequest
from maskwright.training.processes import ProcessGroup
from tests.drills.runs import assert_equal_ends
from tests.models.transformers.small_queries import EOMT, RF_DETR, SMALL
from tests.runs.small_experiments import begun, with_masks

FABRIC = Fabric(accelerator="cpu", devices=1)
OPTIONS: dict[str, Any] = {
    "mask2former_tiny": SMALL,
    "mask2former_tiny_semantic": SMALL,
    "eomt_tiny": {key: value for key, value in EOMT.items() if key != "image_size"},
    "eomt_tiny_semantic": {key: value for key, value in EOMT.items() if key != "image_size"},
    "rf_detr_seg_tiny": {key: value for key, value in RF_DETR.items() if key != "image_size"},
}


def recipe_of(name: str, **more: Any) -> dict[str, Any]:
    """Return a recipe of the small model ``name`` on a few small shapes."""
    return {
        "name": "a",
        "task": "semantic" if name.endswith("semantic") else "instance",
        "data": {"shapes": {"train": 6, "validation": 2}},
        "model": {"name": name, "options": OPTIONS[name], "input": {"size": 64}},
        "train": {"epochs": 2, "batch_size": 2, "validation_loss": True, "optimizer": {"name": "adamw"}, **more},
        "report": {"panels": 1},
    }


def run(name: str, out: Path, *more: str, verb: str = "train", **train: Any) -> int:
    """Run the recipe of ``name`` into ``out``; return the exit code."""
    file = out.parent / f"{name}.yaml"
    file.write_text(yaml.safe_dump(recipe_of(name, **train)))
    return main([verb, str(file), "--out", str(out), "--quiet", *more])


def test_a_run_is_trained_scored_reported_and_predicts(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert run("mask2former_tiny", out, verb="run") == 0
    scores = json.loads((out / "scores.json").read_text())["validation"]
    assert {"segm", "bbox"} <= scores.keys()
    assert (out / "report.html").is_file()
    header = (out / "metrics.csv").read_text().splitlines()[0].split(",")
    assert {"train/mask", "train/dice", "train/cross_entropy", "validation/mask", "validation/loss"} <= set(header)
    image = next((out / "data" / "validation" / "images").iterdir())
    found = tmp_path / "found"
    assert main(["predict", str(out), str(image), "--out", str(found), "--score", "0", "--quiet"]) == 0
    records = json.loads((found / "instances.json").read_text())
    assert records
    assert {"segmentation", "bbox", "score", "category_id"} <= records[0].keys()


def test_a_semantic_run_is_trained_scored_and_predicts(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert run("mask2former_tiny_semantic", out, verb="run", epochs=1) == 0
    assert 0 <= json.loads((out / "scores.json").read_text())["validation"]["mIoU"] <= 1
    image = next((out / "data" / "validation" / "images").iterdir())
    assert main(["predict", str(out), str(image), "--out", str(tmp_path / "found"), "--quiet"]) == 0
    assert list((tmp_path / "found" / "label_maps").iterdir())


@pytest.mark.parametrize("name", ["mask2former_tiny", "eomt_tiny", "rf_detr_seg_tiny"])
def test_a_stopped_training_resumes_to_the_bits_of_one_that_was_not_annealing_included(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(name, tmp_path / "whole", ema=0.9) == 0
    step, batches = loop.training_step, iter(range(1, 1000))

    def stopped(*parts: Any) -> Any:
        if next(batches) == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(*parts)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "training_step", stopped)
        assert run(name, tmp_path / "parts", ema=0.9) == 128 + signal.SIGTERM
    assert run(name, tmp_path / "parts", "--resume", ema=0.9) == 0
    assert_equal_ends(tmp_path / "whole", tmp_path / "parts")
    state = read_state(tmp_path / "parts" / "checkpoints" / "last")
    assert state is not None
    if name == "eomt_tiny":
        # At the end of the training no block masks, in the weights as in their average.
        assert not state["model"]["network.attn_mask_probs"].any()
        assert not state["average"]["state"]["network.attn_mask_probs"].any()


@pytest.mark.parametrize("name", ["mask2former-tiny", "eomt-tiny", "rf-detr-seg-tiny"])
def test_a_tiny_recipe_trains_two_steps(name: str, tmp_path: Path) -> None:
    settings = {"data.shapes.train": 4, "data.shapes.validation": 1, "train.batch_size": 2, "train.epochs": 1,
                "train.validation_loss": "false", "train.measure_training": "false"}  # fmt: skip
    changes = [text for key, value in settings.items() for text in ("--set", f"{key}={value}")]
    assert main(["train", name, "--out", str(tmp_path / "run"), "--quiet", *changes]) == 0
    header, line = (tmp_path / "run" / "metrics.csv").read_text(encoding="utf-8").splitlines()
    loss = dict(zip(header.split(","), line.split(","), strict=True))["train/loss"]
    assert np.isfinite(float(loss))


@pytest.mark.parametrize("name", ["rf-detr-seg-finetune", "eomt-finetune", "mask2former-finetune"])
def test_a_recipe_to_fine_tune_builds_a_model_that_published_weights_fit(name: str) -> None:
    """Their shapes: 32 × 32 and 40 × 40 positions, 13 groups of 100 queries, 200 and 100 queries."""
    recipe = load_recipe(name)
    with torch.device("meta"):
        state = create_model(recipe.model.name, len(recipe.classes), model_options(recipe)).state_dict()
    shapes = {
        "rf-detr-seg-finetune": {
            "network.model.model.backbone.backbone.embeddings.position_embeddings": (1, 1025, 384),
            "network.model.model.query_feat.weight": (1300, 256),
        },
        "eomt-finetune": {
            "network.embeddings.position_embeddings.weight": (1600, 1024),
            "network.query.weight": (200, 1024),
        },
        "mask2former-finetune": {"network.model.transformer_module.queries_features.weight": (100, 256)},
    }[name]
    assert {key: tuple(state[key].shape) for key in shapes} == shapes


def checked(content: dict[str, Any], **model: Any) -> Recipe:
    return Recipe.model_validate({**content, "model": {**content["model"], **model}})


def test_a_loss_section_is_refused_by_models_with_losses_of_their_own() -> None:
    content = {**recipe_of("mask2former_tiny_semantic"), "loss": {"name": "dice_ce"}}
    with pytest.raises(UsageError, match=r"loss: mask2former_tiny_semantic has its own losses.*Leave it out"):
        build_model(Recipe.model_validate(content), ["a", "b"])
    assert has_own_losses(Recipe.model_validate(recipe_of("mask2former_tiny_semantic")))


def test_a_recipe_of_the_other_task_is_told_the_model_for_it() -> None:
    content = {**recipe_of("mask2former_tiny"), "task": "semantic"}
    with pytest.raises(UsageError, match="mask2former_tiny_semantic"):
        build_model(Recipe.model_validate(content), ["a", "b"])


def test_the_input_of_each_shape_of_network() -> None:
    """Mask2Former takes any size, EoMT pads into a square, RF-DETR stretches to one."""
    sizes = {}
    for name in ("mask2former_tiny", "eomt_tiny", "rf_detr_seg_tiny"):
        recipe = Recipe.model_validate(recipe_of(name))
        sizes[name] = input_size(name, model_options(recipe), recipe.model.input).of((60, 90))
    assert sizes == {"mask2former_tiny": (64, 96), "eomt_tiny": (42, 64), "rf_detr_seg_tiny": (64, 64)}


def test_the_square_of_a_network_holds_every_training_image() -> None:
    content = recipe_of("eomt_tiny")
    assert model_options(Recipe.model_validate(content))["image_size"] == 64
    scaled = Recipe.model_validate({**content, "augment": {"scale": [0.5, 1.3]}})
    assert model_options(scaled)["image_size"] == 84
    cropped = Recipe.model_validate({**content, "augment": {"scale": [0.5, 1.3], "crop": 48}})
    assert model_options(cropped)["image_size"] == 64
    given = checked(content, options={**OPTIONS["eomt_tiny"], "image_size": 96})
    assert model_options(given)["image_size"] == 96


def test_published_weights_keep_the_size_that_their_positions_were_learnt_for() -> None:
    content = {"name": "a", "task": "instance", "data": {"shapes": {"train": 6, "validation": 2}},
               "train": {"epochs": 1}, "model": {"name": "rf_detr_seg_medium", "input": {"size": 240}}}  # fmt: skip
    assert model_options(checked(content))["image_size"] == 240
    assert model_options(checked(content, weights="coco"))["image_size"] == 432
    assert model_options(checked(content, weights="coco", options={"image_size": 264}))["image_size"] == 264


@pytest.mark.parametrize("name", OPTIONS)
def test_the_validation_loss_leaves_the_training_as_it_is(name: str, tmp_path: Path) -> None:
    content = recipe_of(name)
    options = ", ".join(f"{key}: {value}" for key, value in OPTIONS[name].items())
    settings = [f"model.name={name}", f"model.options={{{options}}}"]
    if content["task"] == "semantic":
        made = with_masks(tmp_path / "run", *settings)
    else:
        made = begun(tmp_path / "run", *settings, "train.validate_every=1", recipe="demo-instance")
    torch.manual_seed(3)
    model, _ = build_model(made.recipe, made.prepared.table.names)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    modes = [part.training for part in model.modules()]
    ours = OwnValidationLoss(made, batch_losses(made, FABRIC), ProcessGroup(), StopRequest())
    state = torch.get_rng_state()
    with torch.inference_mode():
        found = ours.finish(model).means()
        assert ours.finish(model).means() == found
    assert torch.equal(torch.get_rng_state(), state)
    assert [part.training for part in model.modules()] == modes
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert np.isfinite(found["loss"])
    with giving_losses(model, torch.device("cpu")):
        inside = {part.training for part in model.network.modules() if part is not model.network}  # type: ignore[union-attr]
    assert inside == {False}


def test_an_image_of_more_objects_than_queries_is_named(tmp_path: Path) -> None:
    made = begun(tmp_path / "run", recipe="demo-instance")
    images = made.prepared.parts["train"].selection.images
    counts = [sum(not crowd for crowd in objects.crowd) for objects in images]
    assert lines_on_few_queries(made, None) == lines_on_few_queries(made, max(counts)) == []
    (line,) = lines_on_few_queries(made, max(counts) - 1)
    assert line.startswith(f"{images[counts.index(max(counts))].image.file_name} has {max(counts)} objects")
    assert line.endswith(f"Set model.options.queries={max(counts)} or more.")


@pytest.mark.parametrize("name", OPTIONS)
def test_a_step_can_be_tried_for_a_fitted_recipe(name: str) -> None:
    recipe = Recipe.model_validate({**recipe_of(name), "classes": ["a", "b"]})
    assert try_steps(recipe, 0.3, 2, seconds=0.0).seconds > 0


def test_an_image_needs_a_query_for_each_thing_and_one_for_each_stuff_class() -> None:
    table = ClassTable.from_names(["car", "sky"]).with_stuff(["sky"])
    objects = ImageObjects(CocoImage(id=1, file_name="a.png", height=4, width=4))
    objects.labels, objects.crowd = [1, 2, 1, 2, 1], [False, False, False, True, True]
    assert objects_to_find(objects, table) == 3
    assert objects_to_find(objects, table.with_stuff([])) == 3
