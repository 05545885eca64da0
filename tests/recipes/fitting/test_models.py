"""The model by device and weights; what is fetched is never chosen unasked."""

import pytest

from maskwright.errors import UsageError
from maskwright.models.listing.records import listed_models
from maskwright.recipes.fitting.models import CANDIDATES, PublishedOffer, choose_model, require_task_of, task_of
from maskwright.recipes.loading import load_recipe
from maskwright.recipes.training import Optimizer
from tests.recipes.fitting.invented import CPU, GPU


def offers(*at_hand: str) -> dict[str, PublishedOffer]:
    """An offer for every candidate, of which ``at_hand`` are on the machine."""
    names = {name for several in CANDIDATES.values() for name in several}
    whole = {"mask_rcnn_resnet50_fpn": "coco"}
    return {
        name: PublishedOffer(name, whole.get(name, "imagenet"), f"https://x/{name}.pth", "~/cache", name in at_hand)
        for name in names
    }


def test_without_weights_a_cpu_gets_a_semantic_model_that_learns_from_nothing() -> None:
    choice = choose_model(CPU, offers())
    assert (choice.task, choice.name, choice.weights) == ("semantic", "residual_attention_unet", "none")
    assert "--task instance" in choice.reasons["task"]
    for said in ("random", "nothing is fetched unasked", "--weights imagenet", "--weights FILE", "~/cache"):
        assert said in choice.reasons["model.weights"]


def test_instances_from_nothing_get_the_narrowest_heads_and_learning_norms() -> None:
    choice = choose_model(CPU, offers(), task="instance")
    assert (choice.name, choice.weights, choice.anchors) == ("mask_rcnn:resnet18", "none", True)
    assert choice.options["pyramid_channels"] == 48
    assert "frozen_norm" not in choice.options


def test_weights_on_the_machine_are_taken() -> None:
    choice = choose_model(CPU, offers("mask_rcnn:mobilenet_v3_large"), minutes=60)
    assert (choice.task, choice.name) == ("instance", "mask_rcnn:mobilenet_v3_large")
    assert (choice.weights, choice.options["frozen_norm"]) == ("imagenet", True)
    assert choice.optimizer["encoder_lr_factor"] < 1


def test_a_whole_pretrained_model_keeps_its_heads_and_anchors() -> None:
    choice = choose_model(GPU, offers("mask_rcnn_resnet50_fpn"))
    assert (choice.name, choice.weights, choice.options, choice.anchors) == (
        "mask_rcnn_resnet50_fpn",
        "coco",
        {},
        False,
    )


def test_fixed_norms_are_not_frozen_at_random_statistics() -> None:
    choice = choose_model(GPU, offers(), name="mask_rcnn_resnet50_fpn")
    assert (choice.task, choice.weights, choice.options) == ("instance", "none", {"frozen_norm": False})


def test_objects_are_learnt_from_a_backbone_in_an_hour_and_pixels_in_minutes() -> None:
    at_hand = offers("mask_rcnn:mobilenet_v2", "deeplabv3_mobilenet_v2")
    short, long = (choose_model(CPU, at_hand, minutes=minutes) for minutes in (10, 60))
    assert (short.task, short.name) == ("semantic", "deeplabv3_mobilenet_v2")
    assert "--minutes 60" in short.reasons["task"]
    assert (long.task, long.name) == ("instance", "mask_rcnn:mobilenet_v2")
    assert choose_model(CPU, at_hand, weights="runs/a/model.safetensors").task == "instance"  # whose heads are trained


@pytest.mark.parametrize(
    ("task", "name"), [("instance", "mask_rcnn:mobilenet_v2"), ("semantic", "deeplabv3_mobilenet_v2"), (None, None)]
)
def test_a_backbone_s_file_brings_its_model(task, name) -> None:
    choice = choose_model(CPU, {}, task=task, weights="w/mobilenet_v2-b0353104.pth")
    assert choice.name == (name or "deeplabv3_mobilenet_v2")
    assert choice.weights == "w/mobilenet_v2-b0353104.pth"
    assert "model.weights" not in choice.reasons  # the user's own choice


def test_the_weights_that_a_reason_names_can_be_asked_for() -> None:
    coco = PublishedOffer("deeplabv3_mobilenet_v3_large", "coco", "https://x", "~/cache", False)
    known = {**offers(), coco.model: coco}
    assert "--weights coco" in choose_model(CPU, known).reasons["model.weights"]
    choice = choose_model(CPU, known, weights="coco")
    assert (choice.task, choice.name, choice.weights) == ("semantic", "deeplabv3_mobilenet_v3_large", "coco")
    assert choose_model(CPU, known, weights="imagenet").name == "deeplabv3_mobilenet_v3_large"
    assert choose_model(CPU, known, weights="imagenet", minutes=90).name == "mask_rcnn:mobilenet_v2"
    assert choose_model(CPU, known, task="instance", weights="coco").name == "mask_rcnn_resnet50_fpn"


@pytest.mark.parametrize(
    ("task", "weights", "shipped"),
    [
        ("instance", "none", "demo-instance"),
        ("semantic", "none", "demo-semantic"),
        ("instance", "imagenet", "maskrcnn-mobilenetv2-coco80"),
        ("semantic", "imagenet", "deeplabplus-mobilenetv2-coco14"),
        ("instance", "coco", "maskrcnn-person-car-dog-cake"),
        ("semantic", "coco", "deeplabplus-mobilenetv2-5class-finetuned"),
    ],
)
def test_the_optimiser_is_that_of_the_shipped_recipe_that_starts_alike(task, weights: str, shipped: str) -> None:
    chosen = choose_model(CPU, {}, task=task, weights=weights).optimizer
    assert Optimizer(**chosen) == load_recipe(shipped).train.optimizer


def test_a_model_file_of_another_run_keeps_the_model_as_it_is() -> None:
    choice = choose_model(CPU, {}, name="mask_rcnn:resnet18", weights="runs/a/model.safetensors")
    assert (choice.options, choice.anchors) == ({}, False)


def test_a_model_of_another_task_is_refused_with_its_own() -> None:
    assert require_task_of("mask_rcnn_small", None) == require_task_of("mask_rcnn_small", "instance") == "instance"
    with pytest.raises(UsageError, match="--model mask_rcnn_small: is for task instance, not semantic") as caught:
        require_task_of("mask_rcnn_small", "semantic")
    assert caught.value.next_command is not None
    assert caught.value.next_command.added == ("--task", "instance")


def test_a_name_tells_its_task() -> None:
    tasks = {model["name"]: model["task"] for model in listed_models()}
    assert {name: task_of(name) for name, task in tasks.items() if task != "panoptic"} == {
        name: task for name, task in tasks.items() if task != "panoptic"
    }
    for name in (name for name, task in tasks.items() if task == "panoptic"):
        with pytest.raises(UsageError, match="is panoptic"):
            task_of(name)
    assert {name for task in ("instance",) for gpu in (True, False) for name in CANDIDATES[task, gpu]} == {
        name for several in CANDIDATES.values() for name in several if task_of(name) == "instance"
    }


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("mask2former_tiny", "instance"), ("mask2former_semantic:resnet18", "semantic"), ("eomt_tiny", "instance"),
        ("rf_detr_seg_nano", "instance"), ("segformer_b0", "semantic"),
    ],
)  # fmt: skip
def test_models_of_queries_have_no_anchors_and_losses_of_their_own(name: str, task: str) -> None:
    choice = choose_model(CPU, {}, name=name)
    assert choice.task == task_of(name) == task
    fitted = {"queries": "auto"} if task == "instance" else {}
    assert (choice.anchors, choice.loss, choice.options) == (False, name == "segformer_b0", fitted)
    assert choose_model(CPU, {}, name="mask2former_resnet50").options == {"frozen_norm": False, "queries": "auto"}
    assert choose_model(CPU, {}, name="mask2former:resnet18", weights="imagenet").optimizer["lr"] == 1e-4


def test_no_recipe_of_a_panoptic_model_is_fitted() -> None:
    with pytest.raises(UsageError, match="mask2former-tiny-panoptic"):
        choose_model(CPU, {}, name="eomt_tiny_panoptic")


@pytest.mark.parametrize("name", ["mask2former_tiny", "eomt_tiny", "mask2former:resnet18", "mask2former_resnet50"])
def test_queries_are_fitted_to_the_objects_but_for_label_maps(name: str) -> None:
    assert choose_model(CPU, {}, name=name).options["queries"] == "auto"
    semantic = "mask2former_semantic:resnet18" if ":" in name else f"{name}_semantic"
    assert "queries" not in choose_model(CPU, {}, name=semantic).options
