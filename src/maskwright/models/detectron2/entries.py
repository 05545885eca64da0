"""Catalogue entries of Detectron2's networks, with the published weights of each."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.hub import get_dir

from maskwright.models.detectron2.building import BACKBONES, KINDS, build_detector, build_detectron2_mask_rcnn
from maskwright.models.detectron2.zoo import ZOO, ZooModel, model_name
from maskwright.models.entry import ModelEntry, PublishedWeights, keyword_options
from maskwright.models.point_rend.head import PointRendHead
from maskwright.models.weights.detectron2_names import current_names, is_setting
from maskwright.models.weights.download import Hash, Progress, download
from maskwright.models.weights.licences import licence_titled
from maskwright.models.weights.unpickler import read_pickle

# The title of each kind, and the callable that takes the options of its mask head.
_KINDS: dict[str, tuple[str, Callable[..., nn.Module]]] = {
    "mask_rcnn": ("Mask R-CNN", build_detectron2_mask_rcnn),
    "point_rend": ("Mask R-CNN with PointRend's masks", PointRendHead),
}
_BACKBONES = {"resnet50": "ResNet-50", "resnet101": "ResNet-101", "resnext101_32x8d": "ResNeXt-101 32x8d"}


def detectron2_entries() -> list[ModelEntry]:
    """Return one catalogue entry for each kind of mask head on each backbone."""
    return [_entry(kind, backbone) for kind in KINDS for backbone in BACKBONES]


def zoo_file(model: ZooModel, progress: Progress | None = None) -> Path:
    """Return the path of the published file of ``model``, downloaded unless it is there.

    The folder is torch's for checkpoints (``TORCH_HOME``). Raises ``WeightsError`` when the file cannot be fetched or
    is not the published one.
    """
    path = Path(get_dir()) / "checkpoints" / model.file
    return download(model.address, path, Hash("md5", model.md5_start), progress)


def _entry(kind: str, backbone: str) -> ModelEntry:
    """Return the catalogue entry of a ``kind`` of mask head on a ``backbone``."""
    name = model_name(kind, backbone)
    title, masks = _KINDS[kind]
    summary = f"{title} on {_BACKBONES[backbone]} FPN as Detectron2 computes it, for its checkpoints"
    options = keyword_options(masks, partial(build_detector, backbone=backbone))
    published = {
        model.tag: PublishedWeights(
            partial(_weights, model),
            model.address,
            model.classes,
            Hash("md5", model.md5_start),
            licence=licence_titled(model.licence),
        )
        for model in ZOO.values()
        if model.model == name
    }
    build = partial(KINDS[kind], backbone=backbone)
    return ModelEntry(
        name,
        "instance",
        summary,
        build,
        (("", ""),),
        options,
        published,
        background_first=False,
        resizing="detectron2",
        normalisation=None,  # its own pixel_mean and pixel_std
    )


def _weights(model: ZooModel) -> dict[str, torch.Tensor]:
    """Return the state dict of a published checkpoint under current names, without settings."""
    state = current_names(read_pickle(zoo_file(model))["model"])
    return {name: value for name, value in state.items() if not is_setting(name)}
