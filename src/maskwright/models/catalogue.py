"""The catalogue of models: each model by name, how to build it, and how to load its starting weights."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn
from torchvision.models import get_model_weights
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_V2_Weights, MaskRCNN_ResNet50_FPN_Weights

from maskwright.errors import UsageError, one_line, unknown_name
from maskwright.files import sha256_of
from maskwright.models.backbones import TORCHVISION_BACKBONES
from maskwright.models.detectron2.entries import detectron2_entries
from maskwright.models.dilated_backbones import DILATED_BACKBONES
from maskwright.models.entry import (
    ModelEntry,
    PublishedWeights,
    imagenet,
    keyword_options,
    published_file,
    torchvision_weights,
)
from maskwright.models.listing.records import unknown_model
from maskwright.models.mask_rcnn import build_mask_rcnn
from maskwright.models.mask_rcnn_options import OPTION_GROUPS
from maskwright.models.normalisation import (
    IMAGENET,
    NORMALISATION_OPTIONS,
    Normalisation,
    normalise,
    timm_normalisation,
)
from maskwright.models.point_rend.head import PointRendHead
from maskwright.models.point_rend.rcnn import build_point_rend_rcnn
from maskwright.models.point_rend.segmenter import PointRendSegmenter
from maskwright.models.residual_attention_unet import ResidualAttentionUNet
from maskwright.models.semantic import SemanticModel
from maskwright.models.smp_family import SMP_PATTERN, SMP_SUMMARY, smp_entry
from maskwright.models.timm_models import require_timm_model
from maskwright.models.torchvision_segmentation import (
    build_deeplabv3,
    build_deeplabv3_point_rend,
    build_fcn,
    build_lraspp,
)
from maskwright.models.transformers.entries import QUERY_PATTERNS, find_query_model, transformers_entries
from maskwright.models.weights.head_transfer import ClassRows
from maskwright.models.weights.loading import (
    WEIGHTS_SUFFIXES,
    StateDict,
    WeightsReport,
    fetch_starting_weights,
    load_matching,
    read_weights,
)
from maskwright.models.weights.torchvision_files import apply_torchvision_fixes, norms_without_epsilon

_TITLES = {
    "mobilenet_v3_large": "MobileNetV3-large",
    "mobilenet_v3_small": "MobileNetV3-small",
    "mobilenet_v2": "MobileNetV2",
    "resnet50": "ResNet-50",
    "resnet101": "ResNet-101",
}
_SEGMENTERS = {
    "deeplabv3": ("DeepLabV3", build_deeplabv3, DILATED_BACKBONES),
    "deeplabv3_point_rend": ("DeepLabV3 refined by PointRend", build_deeplabv3_point_rend, DILATED_BACKBONES),
    "lraspp": ("LR-ASPP", build_lraspp, ("mobilenet_v3_large", "mobilenet_v3_small", "mobilenet_v2")),
    "fcn": ("FCN", build_fcn, ("resnet50", "resnet101")),
}
# The classes to which a builder passes options on.
_SEGMENTER_PARTS = {"deeplabv3_point_rend": (PointRendSegmenter,)}
_PUBLISHED_WHOLE = (
    "deeplabv3_mobilenet_v3_large", "deeplabv3_resnet50", "deeplabv3_resnet101", "lraspp_mobilenet_v3_large",
    "fcn_resnet50", "fcn_resnet101",
)  # fmt: skip


def _segmenter(kind: str, backbone: str) -> ModelEntry:
    """Return the catalogue entry of one of ``_SEGMENTERS`` on a torchvision backbone."""
    title, builder, _ = _SEGMENTERS[kind]
    name = f"{kind}_{backbone}"
    published = imagenet(backbone)
    if name in _PUBLISHED_WHOLE:
        published["coco"] = torchvision_weights(get_model_weights(name).DEFAULT)  # type: ignore[attr-defined]
    # A classifier names its layers features.* (MobileNet) or without a prefix (ResNet); here they are below backbone.
    renames = (("", "network."), ("", ""), ("features.", "network.backbone."), ("", "network.backbone."))
    build = partial(builder, backbone=backbone)
    summary = f"{title} on {_TITLES[backbone]} (torchvision)"
    options = keyword_options(build, *_SEGMENTER_PARTS.get(kind, ()))
    return ModelEntry(name, "semantic", summary, build, renames, options, published)


def _unet(
    classes: int, *, widths: tuple[int, ...] = (64, 128, 256, 512), bottleneck: int = 1024, dropout: float = 0.0
) -> nn.Module:
    """Build the residual attention U-Net for ``classes`` classes; background is one more output."""
    return SemanticModel(ResidualAttentionUNet(classes + 1, widths, bottleneck, dropout))


_MASK_RCNN_RENAMES = (("", ""), ("features.", "backbone.body."), ("", "backbone.body."), ("", "backbone.body.network."))
# Mask R-CNN and its variants: the title of each, and the options that build it.
_INSTANCE_KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "mask_rcnn": ("Mask R-CNN", {}),
    "cascade_mask_rcnn": ("Cascade Mask R-CNN (three box stages)", {"cascade_ious": (0.5, 0.6, 0.7)}),
    "panet": ("PANet (bottom-up path, features of all levels)", {"path_aggregation": True}),
    "point_rend": ("Mask R-CNN with PointRend's masks", {}),
}
_SMALL = {
    "backbone": "mobilenet_v3_small",
    "pyramid_channels": 64,
    "box_features": 256,
    "mask_channels": (64, 64),
    "proposals_train": 500,
    "proposals_test": 200,
    "rois_per_image": 128,
}
_COCO_V1 = torchvision_weights(MaskRCNN_ResNet50_FPN_Weights.COCO_V1)
_mask_rcnn_resnet50 = partial(build_mask_rcnn, backbone="resnet50", frozen_norm=True)
_mask_rcnn_resnet50_v2 = partial(build_mask_rcnn, backbone="resnet50", version=2)


def _detector(kind: str, name: str, summary: str, published: dict[str, PublishedWeights], **options: Any) -> ModelEntry:
    """Return the catalogue entry of one of ``_INSTANCE_KINDS``, built with ``options``."""
    title, making = _INSTANCE_KINDS[kind]
    build = partial(build_mask_rcnn, **making, **options)
    names = keyword_options(build, *OPTION_GROUPS)
    if kind == "point_rend":  # takes its own options and those of the detector below it
        names = keyword_options(build, *OPTION_GROUPS, PointRendHead)
        build = partial(build_point_rend_rcnn, **options)
    backbone = str(options["backbone"])
    trained = timm_normalisation(backbone.removeprefix("timm:")) if backbone.startswith("timm:") else IMAGENET
    return ModelEntry(
        name,
        "instance",
        f"{title} {summary}",
        build,
        _MASK_RCNN_RENAMES,
        names,
        published,
        resizing="torchvision",
        normalisation=trained,
    )


def _detectors() -> list[ModelEntry]:
    """Return the entries of each kind on ResNet-50 and on the small backbone."""
    entries = []
    for kind in _INSTANCE_KINDS:
        if kind != "mask_rcnn":  # its own entry has torchvision's weights
            large: dict[str, Any] = {"backbone": "resnet50", "frozen_norm": True}
            entries.append(_detector(kind, f"{kind}_resnet50_fpn", "on ResNet-50 FPN", imagenet("resnet50"), **large))
        summary = "on MobileNetV3-small FPN with narrow heads, for a laptop CPU"
        entries.append(_detector(kind, f"{kind}_small", summary, imagenet("mobilenet_v3_small"), **_SMALL))
    return entries


MODELS: dict[str, ModelEntry] = {
    entry.name: entry
    for entry in (
        *(_segmenter(kind, backbone) for kind, (_, _, backbones) in _SEGMENTERS.items() for backbone in backbones),
        ModelEntry(
            "residual_attention_unet",
            "semantic",
            "U-Net of residual blocks with self-attention in the bottleneck; widths by option",
            _unet,
            (("", ""), ("", "network.")),
            keyword_options(_unet),
        ),
        ModelEntry(
            "mask_rcnn_resnet50_fpn",
            "instance",
            "Mask R-CNN on ResNet-50 FPN (torchvision's model and weights)",
            _mask_rcnn_resnet50,
            _MASK_RCNN_RENAMES,
            keyword_options(_mask_rcnn_resnet50, *OPTION_GROUPS),
            {
                "coco": replace(_COCO_V1, download=partial(norms_without_epsilon, _COCO_V1.download)),
                **imagenet("resnet50"),
            },
            resizing="torchvision",
        ),
        ModelEntry(
            "mask_rcnn_resnet50_fpn_v2",
            "instance",
            "Mask R-CNN on ResNet-50 FPN with deeper, normalised heads (torchvision's second model and weights)",
            _mask_rcnn_resnet50_v2,
            _MASK_RCNN_RENAMES,
            keyword_options(_mask_rcnn_resnet50_v2, *OPTION_GROUPS),
            {"coco": torchvision_weights(MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1), **imagenet("resnet50")},
            resizing="torchvision",
        ),
        *_detectors(),
        *detectron2_entries(),
        *transformers_entries(),
    )
}

_ON_ANY_BACKBONE = "with FPN on a torchvision backbone, or on timm:NAME"
PATTERNS = {
    SMP_PATTERN: SMP_SUMMARY,
    **{f"{kind}:BACKBONE": f"{title} {_ON_ANY_BACKBONE}" for kind, (title, _) in _INSTANCE_KINDS.items()},
    **QUERY_PATTERNS,
}


def find_model(name: str) -> ModelEntry:
    """Return the catalogue entry called ``name``.

    ``name`` is a key of ``MODELS`` or follows one of ``PATTERNS``. Raises ``UsageError`` with the nearest names when
    there is no such model.
    """
    if name in MODELS:
        return MODELS[name]
    if name.startswith("smp:"):
        return smp_entry(name)
    kind, colon, _ = name.partition(":")
    if colon and kind in _INSTANCE_KINDS:
        return _detector_entry(name)
    if (entry := find_query_model(name)) is not None:
        return entry
    raise unknown_model(name, [*MODELS, *PATTERNS])


def _detector_entry(name: str) -> ModelEntry:
    """Return the entry of ``KIND:BACKBONE``; raise ``UsageError`` with the nearest names for an unknown backbone."""
    kind, _, backbone = name.partition(":")
    if not backbone.startswith("timm:") and backbone not in TORCHVISION_BACKBONES:
        raise unknown_name("backbone", backbone, TORCHVISION_BACKBONES)
    if backbone.startswith("timm:"):
        require_timm_model(backbone.removeprefix("timm:"))
    published = {} if backbone.startswith("timm:") else imagenet(backbone)
    return _detector(kind, name, _ON_ANY_BACKBONE, published, backbone=backbone)


def create_model(name: str, classes: int, options: Mapping[str, Any]) -> nn.Module:
    """Build the model ``name`` for ``classes`` classes (without background) with random weights.

    ``options`` are those of the entry, see :func:`option_names`. Without ``image_mean`` and ``image_std`` images are
    normalised by ImageNet's mean and standard deviation. Raises ``UsageError`` for an unknown name or option, with the
    nearest valid one, and for values that the model cannot be built with.
    """
    entry = find_model(name)
    known = option_names(entry)
    for option in options:
        if option not in known:
            raise unknown_name(f"option of {name}", option, known)
    normalised = entry.normalisation is not None
    own = {key: value for key, value in options.items() if not normalised or key not in NORMALISATION_OPTIONS}
    try:
        module = entry.build(classes, **own)
        if normalised:
            normalise(module, Normalisation.from_options(options))
    except (TypeError, ValueError, KeyError, RuntimeError, AttributeError) as error:
        raise UsageError(f"{name} cannot be built with the options {dict(options)}: {one_line(error)}") from error
    return module


def option_names(entry: ModelEntry) -> list[str]:
    """Return the names of an entry's options."""
    return [*entry.options, *(NORMALISATION_OPTIONS if entry.normalisation is not None else ())]


def is_file(weights: str) -> bool:
    """Return whether ``weights`` (``model.weights``) is the path of a file, not the name of published weights."""
    return Path(weights).suffix in WEIGHTS_SUFFIXES or "/" in weights


def find_published_weights(name: str, weights: str) -> PublishedWeights | None:
    """Return the record of the published weights that ``weights`` names or is a file of, or None when there is none.

    ``name`` is a model of the catalogue. Raises ``UsageError`` when ``weights`` is no file and the model does not
    exist.
    """
    return identify_published_file(Path(weights)) if is_file(weights) else find_model(name).published.get(weights)


def identify_published_file(path: Path) -> PublishedWeights | None:
    """Return the published weights of any model whose file is at ``path``, or None.

    The file is identified by its hash, whatever its name. A path without a file gives None.
    """
    known = [published for entry in MODELS.values() for published in entry.published.values()]
    return published_file(path, known) if path.is_file() else None


def load_weights(module: nn.Module, name: str, weights: str, rows: ClassRows | None = None) -> WeightsReport | None:
    """Load weights into ``module``, the model ``name``, in place; return what was loaded, or None for ``none``.

    ``weights`` is ``none``, the name of published weights, or the path of a file. ``rows`` says which rows of a head to
    keep when the weights are of other classes. A published file is corrected as its publisher corrects it, whether it
    is given by path or by name.

    Raises ``UsageError`` for a name or file that does not exist, ``WeightsError`` when weights cannot be fetched or do
    not fit.
    """
    entry = find_model(name)
    if weights == "none":
        return None
    if is_file(weights):
        path = Path(weights)
        state: StateDict = read_weights(path)
        if entry.task == "instance":
            state = apply_torchvision_fixes(state, sha256_of(path))
        return load_matching(module, state, path.name, entry.renames, rows=rows)
    if weights not in entry.published:
        raise unknown_name(f"weights of {name}", weights, ["none", *entry.published, "or the path of a file"])
    found = entry.published[weights]
    state = fetch_starting_weights(weights, name, found.download, found.address)
    return load_matching(module, state, weights, entry.renames, rows=rows)
