"""Catalogue entries of the networks of the library transformers. Nothing of it is imported here."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn

from maskwright.errors import unknown_name
from maskwright.models.backbones import TORCHVISION_BACKBONES
from maskwright.models.entry import ModelEntry, PublishedWeights, imagenet, keyword_options
from maskwright.models.normalisation import IMAGENET, timm_normalisation
from maskwright.models.timm_models import require_timm_model
from maskwright.models.transformers.eomt import EOMT_OPTIONS, build_eomt, build_eomt_panoptic, build_eomt_semantic
from maskwright.models.transformers.hub_checkpoints import published_on_hub
from maskwright.models.transformers.mask2former import (
    MASK2FORMER_OPTIONS,
    SWIN_BACKBONES,
    build_mask2former,
    build_mask2former_panoptic,
    build_mask2former_semantic,
)
from maskwright.models.transformers.rf_detr import RF_DETR_OPTIONS, build_rf_detr
from maskwright.models.transformers.rf_detr_checkpoints import published_rf_detr
from maskwright.models.transformers.segformer import SEGFORMERS, build_segformer
from maskwright.structures import Task

_TASKS: tuple[tuple[Task, str, str], ...] = (
    ("instance", "", ""),
    ("semantic", "_semantic", " for label maps"),
    ("panoptic", "_panoptic", " for things and stuff"),
)
_BODY = "network.model.pixel_level_module.encoder.body."
_BUILD_MASK2FORMER: dict[str, Callable[..., nn.Module]] = {
    "instance": build_mask2former,
    "semantic": build_mask2former_semantic,
    "panoptic": build_mask2former_panoptic,
}
_BUILD_EOMT: dict[str, Callable[..., nn.Module]] = {
    "instance": build_eomt,
    "semantic": build_eomt_semantic,
    "panoptic": build_eomt_panoptic,
}
_ON_ANY_BACKBONE = "on a torchvision backbone, or on timm:NAME"
QUERY_PATTERNS = {
    f"mask2former{suffix}:BACKBONE": f"Mask2Former{what} {_ON_ANY_BACKBONE}" for _, suffix, what in _TASKS
}
_FOR_A_LAPTOP = "for a laptop CPU"
_TINY_MASK2FORMER = {
    "backbone": "resnet18",
    "channels": 64,
    "attention_heads": 4,
    "pixel_layers": 2,
    "pixel_feedforward": 128,
    "decoder_layers": 3,
    "decoder_feedforward": 128,
    "queries": 30,
    "training_points": 1024,
}
# The transformers of DINO, small, base and large, with as many blocks of queries as the paper takes for each.
_EOMTS: dict[str, dict[str, int]] = {
    "tiny": {
        "width": 128, "depth": 6, "attention_heads": 4, "query_blocks": 3, "patch_size": 8, "upscalings": 1,
        "queries": 30, "training_points": 1024,
    },
    "small": {"width": 384, "depth": 12, "attention_heads": 6, "query_blocks": 3, "queries": 200},
    "base": {"width": 768, "depth": 12, "attention_heads": 12, "query_blocks": 3, "queries": 200},
    "large": {"width": 1024, "depth": 24, "attention_heads": 16, "query_blocks": 4, "queries": 200},
}  # fmt: skip
# The published models: what each has beyond the defaults, and the side of its images.
_RF_DETRS: dict[str, dict[str, int]] = {
    "tiny": {
        "backbone_width": 96, "backbone_layers": 4, "backbone_heads": 3, "patch_size": 8, "windows": 1, "channels": 96,
        "decoder_layers": 3, "decoder_feedforward": 192, "queries": 30, "groups": 5, "image_size": 128,
    },
    "nano": {"windows": 1, "image_size": 312},
    "small": {"image_size": 384},
    "medium": {"decoder_layers": 5, "queries": 200, "image_size": 432},
    "large": {"decoder_layers": 5, "queries": 300, "image_size": 504},
}  # fmt: skip


def transformers_entries() -> list[ModelEntry]:
    """Return the entries that have a name of their own."""
    entries = []
    for task, suffix, what in _TASKS:
        title = f"Mask2Former{what}"
        for name, summary, published, options in (
            ("tiny", f"on ResNet-18 with a narrow decoder, {_FOR_A_LAPTOP}", imagenet("resnet18"), _TINY_MASK2FORMER),
            ("resnet50", "on ResNet-50", imagenet("resnet50"), {"backbone": "resnet50", "frozen_norm": True}),
            *((swin, f"on Swin-{swin.removeprefix('swin_')}", {}, {"backbone": swin}) for swin in SWIN_BACKBONES),
        ):
            full = f"mask2former_{name}{suffix}"
            entries.append(_mask2former(task, full, f"{title} {summary}", published, **options))
        for size, options in _EOMTS.items():
            summary = f"EoMT{what}: a plain vision transformer of {options['width']} features that reads queries"
            tiny = f", {_FOR_A_LAPTOP}" if size == "tiny" else " (DINOv2's)"
            entries.append(_eomt(task, f"eomt_{size}{suffix}", summary + tiny, **options))
            if size != "tiny":
                name = f"eomt_dinov3_{size}{suffix}"
                entries.append(_eomt(task, name, f"{summary} (DINOv3's)", version=3, **options))
    entries.extend(_rf_detr(size, **options) for size, options in _RF_DETRS.items())
    return [*entries, *(_segformer(backbone) for backbone in SEGFORMERS)]


def find_query_model(name: str) -> ModelEntry | None:
    """Return the entry of ``name`` where it follows one of ``QUERY_PATTERNS``, else None.

    Raises ``UsageError`` with the nearest names for an unknown backbone.
    """
    kind, _, backbone = name.partition(":")
    if f"{kind}:BACKBONE" not in QUERY_PATTERNS or not backbone:
        return None
    if backbone.startswith("timm:"):
        require_timm_model(backbone.removeprefix("timm:"))
    elif backbone not in TORCHVISION_BACKBONES:
        raise unknown_name("backbone", backbone, TORCHVISION_BACKBONES)
    published = {} if backbone.startswith("timm:") else imagenet(backbone)
    task: Task = next(task for task, suffix, _ in reversed(_TASKS) if kind.endswith(suffix))
    return _mask2former(task, name, QUERY_PATTERNS[f"{kind}:BACKBONE"], published, backbone=backbone)


def _mask2former(
    task: Task, name: str, summary: str, published: dict[str, PublishedWeights], **options: Any
) -> ModelEntry:
    build = partial(_BUILD_MASK2FORMER[task], **options)
    backbone = str(options["backbone"])
    return ModelEntry(
        name,
        task,
        summary,
        build,
        (("", ""), ("", "network."), ("features.", _BODY), ("", _BODY), ("", f"{_BODY}network.")),
        keyword_options(build, *MASK2FORMER_OPTIONS),
        published | published_on_hub(name),
        background_first=task == "semantic",
        no_object_last=task == "semantic",
        resizing="torchvision" if task == "instance" else "nearest",
        normalisation=timm_normalisation(backbone.removeprefix("timm:")) if backbone.startswith("timm:") else IMAGENET,
        own_losses=True,
        # Swin has a norm after its last stage, which the pixel decoder does not read; timm's may have as much.
        idle_parameters=backbone in SWIN_BACKBONES or backbone.startswith("timm:"),
    )


def _eomt(task: Task, name: str, summary: str, **options: int) -> ModelEntry:
    build = partial(_BUILD_EOMT[task], **options)
    return ModelEntry(
        name,
        task,
        summary,
        build,
        (("", ""), ("", "network.")),
        # The version names the model.
        tuple(option for option in keyword_options(build, *EOMT_OPTIONS) if option != "version"),
        published_on_hub(name),
        background_first=task == "semantic",
        no_object_last=task == "semantic",
        resizing="torchvision" if task == "instance" else "nearest",
        input_shape="padded-square",
        own_losses=True,
    )


def _rf_detr(size: str, **options: int) -> ModelEntry:
    build = partial(build_rf_detr, **options)
    what = _FOR_A_LAPTOP if size == "tiny" else f"on DINOv2-small, made for images of {options['image_size']} pixels"
    return ModelEntry(
        f"rf_detr_seg_{size}",
        "instance",
        f"RF-DETR-Seg {what}",
        build,
        (("", ""), ("", "network.")),
        keyword_options(build, *RF_DETR_OPTIONS),
        published_rf_detr(f"rf_detr_seg_{size}"),
        resizing="torchvision",
        input_shape="square",
        own_losses=True,
        idle_parameters=True,  # the mask token of DINO's own training
    )


def _segformer(backbone: str) -> ModelEntry:
    build = partial(build_segformer, backbone=backbone)
    return ModelEntry(
        f"segformer_{backbone}",
        "semantic",
        f"SegFormer on MiT-{backbone.upper()}: a hierarchical transformer with a head of linear layers",
        build,
        (("", ""), ("", "network.network.")),
        keyword_options(build),
        published_on_hub(f"segformer_{backbone}"),
    )
