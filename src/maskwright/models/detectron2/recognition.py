"""Recognition of the network that a Detectron2 checkpoint belongs to, from the names and shapes of its tensors."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from maskwright.errors import WeightsError
from maskwright.models.detectron2.anchors import SIZES, cell_anchors
from maskwright.models.detectron2.building import BACKBONES, KINDS
from maskwright.models.detectron2.network import BGR_MEAN, NO_STD, RESNEXT_STD
from maskwright.models.detectron2.pyramid import STRIDES
from maskwright.models.detectron2.resnet import STAGES
from maskwright.models.detectron2.zoo import model_name
from maskwright.models.weights.detectron2_names import anchor_level, current_names, is_setting

State = Mapping[str, torch.Tensor]
BODY, HEADS = "backbone.bottom_up.", "roi_heads."


@dataclass(frozen=True)
class Recognised:
    """A checkpoint whose every tensor has its place: the network, its classes and options, and the tensors.

    ``kind`` is a key of ``KINDS``, ``backbone`` one of ``BACKBONES``. ``classes`` counts the classes without
    background. ``options`` are those that differ from the defaults. ``weights`` are the tensors under current names.
    ``settings`` names the entries that are no weights (anchors, pixel statistics); ``options`` follow them.
    """

    kind: str
    backbone: str
    classes: int
    options: dict[str, Any]
    weights: dict[str, torch.Tensor]
    settings: list[str]

    @property
    def model(self) -> str:
        """The network's name in the catalogue."""
        return model_name(self.kind, self.backbone)


def is_detectron2(state: State) -> bool:
    """Return whether the names in ``state`` are those of a Detectron2 network, with a feature pyramid or without."""
    return any(name.startswith((BODY, "backbone.res", "backbone.stem.")) for name in state)


def recognise(state: State, source: str) -> Recognised:
    """Return the network to which the tensors of ``state`` belong; ``source`` is their name in messages.

    Raises ``WeightsError`` with the tensors that are missing, superfluous or of another shape, and for networks other
    than Mask R-CNN and PointRend with a feature pyramid.
    """
    named = current_names(state)
    weights = {name: value for name, value in named.items() if not is_setting(name)}
    settings = {name: value for name, value in named.items() if is_setting(name)}
    try:
        kind, backbone = _kind(weights), _backbone(weights)
        options = _widths(weights, kind, backbone) | _settings(settings, backbone)
        classes = weights[f"{HEADS}box_predictor.cls_score.weight"].shape[0] - 1
    except (KeyError, IndexError) as missing:
        raise WeightsError(
            f"{source}: has no {missing}; expected a Mask R-CNN or PointRend of Detectron2 with a feature pyramid "
            "(FPN). `maskwright weights list` names those that are known."
        ) from missing
    except _Unknown as unknown:
        raise WeightsError(
            f"{source}: {unknown}; expected a Mask R-CNN or PointRend of Detectron2 with a feature pyramid (FPN) on "
            f"{', '.join(BACKBONES)}. `maskwright weights list` names those that are known."
        ) from unknown
    _require_exact_fit(weights, KINDS[kind], classes, backbone, options, source)
    return Recognised(kind, backbone, classes, options, weights, sorted(settings))


class _Unknown(Exception):
    """An error for a property of the checkpoint that no network here has."""


def _kind(weights: State) -> str:
    """Return the kind of the mask head."""
    if any(name.startswith(f"{HEADS}mask_head.point_head.") for name in weights):
        return "point_rend"
    if f"{HEADS}mask_head.mask_fcn1.weight" in weights:
        return "mask_rcnn"
    raise _Unknown("has no known mask head")


def _backbone(weights: State) -> str:
    """Return the backbone with the same groups and, if possible, the same depths."""
    inner = weights[f"{BODY}res2.0.conv2.weight"].shape
    groups = inner[0] // max(inner[1], 1)
    depths = _depths(weights)
    like = [name for name, sizes in BACKBONES.items() if sizes.get("groups", 1) == groups]
    if not like:
        raise _Unknown(f"has convolutions of {groups} groups")
    return next((name for name in like if tuple(BACKBONES[name]["depths"]) == depths), like[0])


def _depths(weights: State) -> tuple[int, ...]:
    """Return the number of blocks of each stage."""
    blocks = [re.match(rf"{re.escape(BODY)}(res\d)\.(\d+)\.", name) for name in weights]
    found = {(block[1], int(block[2])) for block in blocks if block}
    return tuple(sum(stage == name for stage, _ in found) for name in STAGES)


def _widths(weights: State, kind: str, backbone: str) -> dict[str, Any]:
    """Return the widths and depths that differ from those of the published networks."""
    sizes = BACKBONES[backbone]
    inner = weights[f"{BODY}res2.0.conv2.weight"].shape
    found: dict[str, tuple[Any, Any]] = {
        "depths": (list(_depths(weights)), list(sizes["depths"])),
        "stem_channels": (weights[f"{BODY}stem.conv1.weight"].shape[0], 64),
        "group_width": (inner[1], sizes.get("group_width", 64)),
        "pyramid_channels": (weights["backbone.fpn_output2.weight"].shape[0], 256),
        "box_features": (weights[f"{HEADS}box_head.fc1.weight"].shape[0], 1024),
    }
    head = f"{HEADS}mask_head."
    if kind == "point_rend":
        found["coarse_features"] = (weights[f"{head}coarse_head.fc1.weight"].shape[0], 1024)
        found["point_features"] = (weights[f"{head}point_head.fc1.weight"].shape[0], 256)
    else:
        count = sum(re.fullmatch(rf"{re.escape(head)}mask_fcn\d+\.weight", name) is not None for name in weights)
        widths = [weights[f"{head}mask_fcn{number}.weight"].shape[0] for number in range(1, count + 1)]
        found["mask_channels"] = (widths, [256] * 4)
    return {name: value for name, (value, usual) in found.items() if value != usual}


def _settings(settings: State, backbone: str) -> dict[str, Any]:
    """Return the options that the anchors and pixel statistics among the weights imply."""
    options: dict[str, Any] = {}
    usual_std = RESNEXT_STD if backbone.startswith("resnext") else NO_STD
    for name, usual in (("pixel_mean", BGR_MEAN), ("pixel_std", usual_std)):
        if name in settings:
            values = [round(value, 4) for value in settings[name].flatten().tolist()]
            if values != [round(value, 4) for value in usual]:
                options[name] = values
    sizes: list[int] = list(SIZES)
    for name, anchors in settings.items():
        if (level := anchor_level(name)) is not None:
            sizes[level] = _anchor_size(name, level, anchors)
    if sizes != list(SIZES):
        options["anchor_sizes"] = sizes
    return options


def _anchor_size(name: str, level: int, anchors: torch.Tensor) -> int:
    """Return the size in pixels of the ``anchors`` ``(A, 4)`` of a level."""
    if level < len(STRIDES) and anchors.ndim == 2 and anchors.shape[1] == 4 and len(anchors):
        width, height = (anchors[0, 2:] - anchors[0, :2]).tolist()
        size = round(math.sqrt(abs(width * height)))
        wanted = cell_anchors(size)
        if size and anchors.shape == wanted.shape and torch.allclose(anchors.float(), wanted, atol=0.01):
            return size
    raise _Unknown(f"has anchors of unknown sizes or ratios ({name})")


def _require_exact_fit(
    weights: State, build: Callable[..., nn.Module], classes: int, backbone: str, options: dict[str, Any], source: str
) -> None:
    """Raise ``WeightsError`` unless the weights are exactly those of the network."""
    with torch.device("meta"):
        own = build(classes, backbone=backbone, **options).state_dict()
    missing = sorted(own.keys() - weights.keys())
    unknown = sorted(weights.keys() - own.keys())
    shared = own.keys() & weights.keys()
    reshaped = [
        f"{name} {tuple(weights[name].shape)} instead of {tuple(own[name].shape)}"
        for name in sorted(shared)
        if own[name].shape != weights[name].shape
    ]
    faults = [
        f"{len(names)} {what} ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"
        for names, what in ((missing, "missing"), (unknown, "without a place"), (reshaped, "of another shape"))
        if names
    ]
    if faults:
        raise WeightsError(
            f"{source}: {len(weights)} tensors found, {'; '.join(faults)}; expected the {len(own)} of a "
            f"{build.__name__.removeprefix('build_')} on {backbone} for {classes} classes. "
            "Download it again, or use a checkpoint that `maskwright weights list` names."
        )
