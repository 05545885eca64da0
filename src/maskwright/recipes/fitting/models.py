"""The choice of task, model, starting weights and optimiser, by the device and the weights at hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from maskwright.errors import UsageError, refuse_panoptic
from maskwright.recipes.fitting.figures import Machine
from maskwright.structures import Task

# Models to choose from, the best first, without and with a GPU.
CANDIDATES: dict[tuple[Task, bool], tuple[str, ...]] = {
    ("instance", False): ("mask_rcnn:mobilenet_v2", "mask_rcnn:mobilenet_v3_large", "mask_rcnn:mobilenet_v3_small"),
    ("instance", True): ("mask_rcnn_resnet50_fpn", "mask_rcnn:mobilenet_v2"),
    ("semantic", False): ("deeplabv3_mobilenet_v3_large", "deeplabv3_mobilenet_v2", "deeplabv3_mobilenet_v3_small"),
    ("semantic", True): ("deeplabv3_resnet50", "deeplabv3_mobilenet_v3_large"),
}
_RANDOM: dict[Task, str] = {"instance": "mask_rcnn:resnet18", "semantic": "residual_attention_unet"}
_BACKBONES = ("resnet101", "resnet50", "resnet18", "mobilenet_v3_large", "mobilenet_v3_small", "mobilenet_v2")
# Narrow heads train several times faster than torchvision's, and few images cannot fill wide ones.
_NARROW = {
    "pyramid_channels": 96, "box_features": 512, "mask_channels": [96, 96, 96], "proposals_train": 500,
    "proposals_test": 200, "rois_per_image": 64,
}  # fmt: skip
_NARROWEST = {
    "pyramid_channels": 48, "box_features": 256, "mask_channels": [64, 64], "proposals_train": 200,
    "proposals_test": 100, "rois_per_image": 32,
}  # fmt: skip
# Mask R-CNN from a backbone's weights learns little on a CPU in less: 18 epochs of 300 images, an hour, reach AP 0.02.
_INSTANCE_MINUTES = 60
_INSTANCE_KINDS = ("mask_rcnn", "cascade_mask_rcnn", "panet", "point_rend", "detectron2")
# Models of queries: their losses are their own, they have no anchors, and they start from rates of their own.
_QUERY_KINDS = ("mask2former", "eomt", "rf_detr_seg")


@dataclass(frozen=True)
class PublishedOffer:
    """Published weights of a model: their name, their address, and whether a copy is ``at_hand`` in ``folder``."""

    model: str
    name: str
    address: str
    folder: str
    at_hand: bool


@dataclass(frozen=True)
class ModelChoice:
    """The model with its weights, options and optimiser; ``reasons`` by the key of the recipe.

    ``anchors`` says whether the anchors are to be fitted to the objects, ``loss`` whether the recipe is to name a loss.
    """

    task: Task
    name: str
    weights: str
    options: dict[str, Any]
    optimizer: dict[str, Any]
    anchors: bool
    loss: bool
    reasons: dict[str, str] = field(default_factory=dict)


def task_of(name: str) -> Task:
    """Return the task of the model called ``name``, by its name.

    Raises ``UsageError`` for a panoptic model: what is stuff, no figure of the data tells.
    """
    if "panoptic" in name:
        remedy = "Copy the recipe mask2former-tiny-panoptic, and name the stuff: `maskwright recipes copy`."
        refuse_panoptic("panoptic", name, "fitting a recipe to data", remedy)
    return "instance" if name.startswith((*_INSTANCE_KINDS, *_QUERY_KINDS)) and "semantic" not in name else "semantic"


def require_task_of(name: str, task: Task | None) -> Task:
    """Return the task of the model called ``name``; raise ``UsageError`` when ``task`` is given and another one."""
    own = task_of(name)
    if task not in (None, own):
        raise UsageError(
            f"--model {name}: is for task {own}, not {task}; expected a model and its own task. Leave out --task, or "
            "choose another model."
        ).try_next(added=["--task", own])
    return own


def choose_model(
    machine: Machine,
    offers: Mapping[str, PublishedOffer],
    task: Task | None = None,
    name: str | None = None,
    weights: str | None = None,
    minutes: float = 10,
) -> ModelChoice:
    """Return the model that suits ``machine`` and the ``minutes``; ``offers`` has published weights by model.

    ``task``, ``name`` (of the model) and ``weights`` (a name or a file) are what the user asked for, or None. Weights
    that would have to be fetched are not chosen unasked.
    """
    at_hand = {model: offer for model, offer in offers.items() if offer.at_hand}
    reasons: dict[str, str] = {}
    if name is not None:
        task = task or task_of(name)
    elif task is None:
        task = _task(machine, offers, weights, minutes, reasons)
    if name is None:
        name = _name(task, machine, offers, weights)
        what = f"{machine.name}, {machine.cores} core{'s' * (machine.cores != 1)}"
        reasons["model.name"] = f"for {machine.name}" if machine.has_gpu else f"small enough for a {what}"
    if weights is None:
        weights = at_hand[name].name if name in at_hand else "none"
        reasons["model.weights"] = _weights_reason(name, task, weights, offers)
    start = _start(weights)
    return ModelChoice(
        task,
        name,
        weights,
        _options(name, start, machine.has_gpu),
        _optimizer(task, start, name.startswith(_QUERY_KINDS)),
        anchors=task == "instance" and start != "heads" and not name.startswith(("detectron2", *_QUERY_KINDS)),
        loss=task == "semantic" and not name.startswith(_QUERY_KINDS),
        reasons=reasons,
    )


def _task(
    machine: Machine,
    offers: Mapping[str, PublishedOffer],
    weights: str | None,
    minutes: float,
    reasons: dict[str, str],
) -> Task:
    known = [offers[name] for name in CANDIDATES["instance", machine.has_gpu] if name in offers]
    if weights is None:
        starts = [_start(offer.name) for offer in known if offer.at_hand]
    else:  # a file, or a name that one of the models has
        usable = weights != "coco" or any(offer.name == weights for offer in known)
        starts = [_start(weights)] if usable else []
    long_enough = minutes >= _INSTANCE_MINUTES and "backbone" in starts
    if machine.has_gpu or "heads" in starts or long_enough:
        reasons["task"] = "one mask for each object; `--task semantic` gives one class for each pixel"
        return "instance"
    reasons["task"] = (
        "one class for each pixel. On a CPU a model of single objects learns little from photographs in minutes: it "
        f"needs a backbone's weights and about an hour, `--minutes {_INSTANCE_MINUTES}`. `--task instance` asks for it "
        "all the same"
    )
    return "semantic"


def _name(task: Task, machine: Machine, offers: Mapping[str, PublishedOffer], weights: str | None) -> str:
    names = CANDIDATES[task, machine.has_gpu]
    if weights is None:
        known = [name for name in names if name in offers and offers[name].at_hand]
        return known[0] if known else _RANDOM[task]
    if weights == "none":
        return _RANDOM[task]
    backbone = _backbone_of(weights)
    if weights == "coco" and task == "instance":
        return "mask_rcnn_resnet50_fpn"  # the only one with weights of COCO's objects
    if backbone is not None:
        return f"mask_rcnn:{backbone}" if task == "instance" else f"deeplabv3_{backbone}"
    return names[0]


def _backbone_of(weights: str) -> str | None:
    """Return the backbone whose classifier the file ``weights`` holds, by torchvision's names of its files."""
    file = PurePath(weights).name
    return next((each for each in _BACKBONES if file.startswith(each)), None)


def _start(weights: str) -> str:
    """Return what the weights fill: ``none``, the ``backbone``, or the ``heads`` too."""
    if weights == "none":
        return "none"
    return "backbone" if weights == "imagenet" or _backbone_of(weights) else "heads"


def _weights_reason(name: str, task: Task, weights: str, offers: Mapping[str, PublishedOffer]) -> str:
    usual = CANDIDATES[task, False][0]
    offer = offers.get(name) or offers.get(usual)
    if weights != "none" and offer is not None:
        return f"published ({offer.address}), and already in {offer.folder}"
    if offer is None:
        return "random: all is learnt from these images alone, so expect scores far below published ones"
    return (
        "random: all is learnt from these images alone, so expect scores far below published ones. No published "
        f"weights are in {offer.folder}, and nothing is fetched unasked: `--weights {offer.name}` fetches them "
        f"({offer.address}). Without a network, copy the file from another machine and give its path: --weights FILE"
    )


def _options(name: str, start: str, gpu: bool) -> dict[str, Any]:
    if name == "residual_attention_unet":
        return {"widths": [32, 64, 128, 256], "bottleneck": 512} if gpu else {"widths": [24, 40, 64], "bottleneck": 96}
    kind = name.partition(":")[0]
    if kind.endswith(("_fpn", "mask2former_resnet50", "mask2former_resnet50_semantic")) and start == "none":
        # Fixed statistics are of use only where they were learnt.
        return {"frozen_norm": False, **_queries(name, start)}
    if name.startswith(_QUERY_KINDS):
        return _queries(name, start)
    if ":" not in name or not name.startswith(_INSTANCE_KINDS):
        return {}
    learnt = {"frozen_norm": True, "trainable_layers": 3} if start == "backbone" and "timm:" not in name else {}
    heads = {} if gpu or start == "heads" else _NARROWEST if start == "none" else _NARROW
    agnostic = {"class_agnostic_boxes": True, "class_agnostic_masks": True} if kind == "mask_rcnn" and heads else {}
    return {**learnt, **heads, **agnostic}


def _queries(name: str, start: str) -> dict[str, Any]:
    """Return the option of a number of queries that is fitted to the objects; heads keep theirs, classes are few."""
    fits = name.startswith(_QUERY_KINDS) and "semantic" not in name and start != "heads"
    return {"queries": "auto"} if fits else {}


# The optimisers of the shipped recipes, by task and what their weights fill.
_OPTIMIZERS: dict[tuple[Task, str], dict[str, Any]] = {
    ("instance", "none"): {"lr": 1.5e-3, "weight_decay": 1e-4},
    ("semantic", "none"): {"lr": 3e-3, "weight_decay": 1e-4},
    ("instance", "backbone"): {"lr": 8e-4, "weight_decay": 0.05, "encoder_lr_factor": 0.15},
    ("semantic", "backbone"): {"lr": 6e-4, "weight_decay": 0.01, "encoder_lr_factor": 0.2},
    ("instance", "heads"): {"lr": 1e-4, "weight_decay": 0.01},
    ("semantic", "heads"): {"lr": 1e-4, "weight_decay": 0.01, "encoder_lr_factor": 0.2},
}


# Those of models of queries: of `mask2former-tiny` from nothing, else of the published trainings.
_QUERY_OPTIMIZERS: dict[str, dict[str, Any]] = {
    "none": {"lr": 1e-3, "weight_decay": 1e-4},
    "backbone": {"lr": 1e-4, "weight_decay": 0.05, "encoder_lr_factor": 0.1},
    "heads": {"lr": 1e-4, "weight_decay": 0.05, "encoder_lr_factor": 0.1},
}


def _optimizer(task: Task, start: str, of_queries: bool) -> dict[str, Any]:
    """Return the optimiser of the shipped recipe that starts alike."""
    return {"name": "adamw", **(_QUERY_OPTIMIZERS[start] if of_queries else _OPTIMIZERS[task, start])}
