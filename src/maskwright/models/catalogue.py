"""The catalogue: every model by its name, what builds it, and where its published weights come from."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import segmentation_models_pytorch as smp
import timm
import torchvision
from segmentation_models_pytorch.encoders import encoders as smp_encoders
from segmentation_models_pytorch.encoders import get_encoder
from torch import nn
from torchvision.models import WeightsEnum, get_model_weights
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights

from maskwright.errors import UsageError, unknown_name
from maskwright.models.backbones import TORCHVISION_BACKBONES
from maskwright.models.mask_rcnn import build_mask_rcnn
from maskwright.models.residual_attention_unet import ResidualAttentionUNet
from maskwright.models.semantic import SemanticModel
from maskwright.models.weights import WEIGHTS_SUFFIXES, Coverage, StateDict, fetch, load_matching, read_weights
from maskwright.structures import Task


@dataclass(frozen=True)
class Published:
    """Weights that can be fetched by name, and where they lie."""

    download: Callable[[], StateDict]
    address: str


@dataclass(frozen=True)
class Entry:
    """A model of the catalogue.

    ``build(classes, **options)`` gives the module with random weights. ``renames`` are the ways in which a weights
    file's keys may map to the module's (see :func:`maskwright.models.weights.load_matching`).
    """

    name: str
    task: Task
    summary: str
    build: Callable[..., nn.Module]
    renames: tuple[tuple[str, str], ...]
    published: Mapping[str, Published] = field(default_factory=dict)


def _torchvision_weights(weights: WeightsEnum) -> Published:
    return Published(partial(weights.get_state_dict, progress=True, check_hash=True), weights.url)


def _imagenet(backbone: str) -> dict[str, Published]:
    return {"imagenet": _torchvision_weights(get_model_weights(backbone).DEFAULT)}  # type: ignore[attr-defined]


def _deeplab(classes: int, *, backbone: str, auxiliary: bool = False) -> nn.Module:
    builder = getattr(torchvision.models.segmentation, f"deeplabv3_{backbone}")
    return SemanticModel(builder(weights=None, weights_backbone=None, num_classes=classes + 1, aux_loss=auxiliary))


def _unet(
    classes: int, *, widths: tuple[int, ...] = (64, 128, 256, 512), bottleneck: int = 1024, dropout: float = 0.0
) -> nn.Module:
    return SemanticModel(ResidualAttentionUNet(classes + 1, widths, bottleneck, dropout))


def _smp(classes: int, *, architecture: str, encoder: str, **options: Any) -> nn.Module:
    builder = getattr(smp, architecture)
    return SemanticModel(builder(encoder_name=encoder, encoder_weights=None, classes=classes + 1, **options))


def _deeplab_entry(backbone: str, summary: str) -> Entry:
    # A classifier names its layers features.* (MobileNet) or plainly (ResNet); DeepLab keeps them below backbone.
    renames = (("", "network."), ("", ""), ("features.", "network.backbone."), ("", "network.backbone."))
    build = partial(_deeplab, backbone=backbone)
    return Entry(f"deeplabv3_{backbone}", "semantic", summary, build, renames, _imagenet(backbone))


_MASK_RCNN_RENAMES = (("", ""), ("features.", "backbone.body."), ("", "backbone.body."), ("", "backbone.body.network."))

MODELS: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        _deeplab_entry("mobilenet_v3_large", "DeepLabV3 on MobileNetV3-large (torchvision)"),
        _deeplab_entry("resnet50", "DeepLabV3 on ResNet-50 (torchvision)"),
        Entry(
            "residual_attention_unet",
            "semantic",
            "U-Net of residual blocks with self-attention in the bottleneck; widths by option",
            _unet,
            (("", ""), ("", "network.")),
        ),
        Entry(
            "mask_rcnn_resnet50_fpn",
            "instance",
            "Mask R-CNN on ResNet-50 FPN (torchvision's model and weights)",
            partial(build_mask_rcnn, backbone="resnet50", frozen_norm=True),
            _MASK_RCNN_RENAMES,
            {"coco": _torchvision_weights(MaskRCNN_ResNet50_FPN_Weights.COCO_V1), **_imagenet("resnet50")},
        ),
        Entry(
            "mask_rcnn_small",
            "instance",
            "Mask R-CNN on MobileNetV3-small FPN with narrow heads, for a laptop CPU",
            partial(
                build_mask_rcnn,
                backbone="mobilenet_v3_small",
                pyramid_channels=64,
                box_features=256,
                mask_channels=(64, 64),
                proposals_train=500,
                proposals_test=200,
                rois_per_image=128,
            ),
            _MASK_RCNN_RENAMES,
            _imagenet("mobilenet_v3_small"),
        ),
    )
}

SMP_ARCHITECTURES = (
    "Unet", "UnetPlusPlus", "FPN", "PSPNet", "DeepLabV3", "DeepLabV3Plus", "Linknet", "MAnet", "PAN", "UPerNet",
    "Segformer", "DPT",
)  # fmt: skip

_NAMING = frozenset({"backbone", "architecture", "encoder"})
# What the catalogue sets itself, and what would make a model of smp return something other than logits.
_SMP_FIXED = frozenset(
    {"encoder_name", "encoder_weights", "in_channels", "classes", "activation", "aux_params", "kwargs"}
)

PATTERNS = {
    "smp:ARCHITECTURE/ENCODER": "any architecture and encoder of segmentation-models-pytorch",
    "mask_rcnn:BACKBONE": "Mask R-CNN with FPN on a torchvision backbone, or on timm:NAME",
}


def find(name: str) -> Entry:
    """The catalogue entry called ``name``; ``UsageError`` with the nearest names when there is none."""
    if name in MODELS:
        return MODELS[name]
    if name.startswith("smp:"):
        return _smp_entry(name)
    if name.startswith("mask_rcnn:"):
        backbone = name.removeprefix("mask_rcnn:")
        if not backbone.startswith("timm:") and backbone not in TORCHVISION_BACKBONES:
            raise unknown_name("backbone", backbone, TORCHVISION_BACKBONES)
        published = {} if backbone.startswith("timm:") else _imagenet(backbone)
        build = partial(build_mask_rcnn, backbone=backbone)
        return Entry(name, "instance", PATTERNS["mask_rcnn:BACKBONE"], build, _MASK_RCNN_RENAMES, published)
    raise unknown_name("model", name, [*MODELS, *PATTERNS])


def _smp_entry(name: str) -> Entry:
    architecture, _, encoder = name.removeprefix("smp:").partition("/")
    if not encoder:
        raise UsageError(f"Model '{name}' names no encoder; expected smp:ARCHITECTURE/ENCODER, as smp:Unet/resnet18.")
    if architecture not in SMP_ARCHITECTURES:
        raise unknown_name("architecture of segmentation-models-pytorch", architecture, SMP_ARCHITECTURES)
    published = {}
    if encoder.startswith("tu-"):
        if not timm.is_model(encoder.removeprefix("tu-")):
            raise unknown_name("timm model", encoder.removeprefix("tu-"), timm.list_models())
    elif encoder not in smp_encoders:
        raise unknown_name("encoder of segmentation-models-pytorch", encoder, smp_encoders)
    else:
        for tag, settings in smp_encoders[encoder]["pretrained_settings"].items():
            download = partial(_smp_encoder_state, encoder, tag)
            published[tag] = Published(download, str(settings.get("repo_id", settings.get("url", encoder))))
    build = partial(_smp, architecture=architecture, encoder=encoder)
    renames = (("", "network."), ("", ""), ("", "network.encoder."), ("", "network.encoder.model."))
    return Entry(name, "semantic", PATTERNS["smp:ARCHITECTURE/ENCODER"], build, renames, published)


def _smp_encoder_state(encoder: str, tag: str) -> StateDict:
    return get_encoder(encoder, weights=tag).state_dict()


def build(name: str, classes: int, options: Mapping[str, Any]) -> nn.Module:
    """The model ``name`` for ``classes`` classes (background not counted), with random weights.

    Raises ``UsageError`` for an unknown name or option, with the nearest valid one.
    """
    entry = find(name)
    known = option_names(entry)
    for option in options:
        if known is not None and option not in known:
            raise unknown_name(f"option of {name}", option, known)
    try:
        return entry.build(classes, **options)
    except (TypeError, ValueError, KeyError, RuntimeError, AttributeError) as error:
        raise UsageError(f"{name} cannot be built with the options {dict(options)}: {error}") from error


def option_names(entry: Entry) -> list[str] | None:
    """The names of an entry's options, or None where the underlying library decides."""
    parameters = inspect.signature(entry.build).parameters.values()
    fixed = entry.build.keywords if isinstance(entry.build, partial) else {}
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return _smp_option_names(**fixed)
    # What names the model (its backbone) is no option; other preset values are defaults that a recipe may change.
    hidden = _NAMING.intersection(fixed)
    return sorted(p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in hidden)


def _smp_option_names(architecture: str, encoder: str) -> list[str] | None:
    # timm's encoders take options of their own; the others silently drop what they do not know.
    if encoder.startswith(("tu-", "timm-")):
        return None
    return sorted(set(inspect.signature(getattr(smp, architecture)).parameters) - _SMP_FIXED)


def load_weights(module: nn.Module, name: str, weights: str) -> Coverage | None:
    """Fill ``module`` (the model ``name``) from a file path or from published weights; None for ``none``.

    Raises ``UsageError`` for a name or file that does not exist, ``WeightsError`` when weights cannot be fetched or do
    not fit.
    """
    entry = find(name)
    if weights == "none":
        return None
    if Path(weights).suffix in WEIGHTS_SUFFIXES or "/" in weights:
        return load_matching(module, read_weights(Path(weights)), Path(weights).name, entry.renames)
    if weights not in entry.published:
        raise unknown_name(f"weights of {name}", weights, ["none", *entry.published, "or the path of a file"])
    published = entry.published[weights]
    state = fetch(weights, name, published.download, published.address)
    return load_matching(module, state, weights, entry.renames)
