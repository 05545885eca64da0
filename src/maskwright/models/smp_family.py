"""Catalogue entries for every architecture of segmentation-models-pytorch on every encoder it offers.

It and timm are imported where they are used, because no other model needs them.
"""

import inspect
from collections.abc import Mapping
from functools import partial
from typing import Any

from torch import nn

from maskwright.errors import UsageError, unknown_name
from maskwright.models.entry import ModelEntry, PublishedWeights
from maskwright.models.normalisation import IMAGENET, smp_normalisation, timm_normalisation
from maskwright.models.semantic import SemanticModel
from maskwright.models.timm_models import TIMM_OPTIONS, require_timm_model, require_timm_options
from maskwright.models.weights.licences import LICENCES, NOT_STATED, Licence
from maskwright.models.weights.loading import StateDict

SMP_PATTERN = "smp:ARCHITECTURE/ENCODER"
SMP_SUMMARY = "any architecture and encoder of segmentation-models-pytorch"
SMP_ARCHITECTURES = (
    "Unet", "UnetPlusPlus", "FPN", "PSPNet", "DeepLabV3", "DeepLabV3Plus", "Linknet", "MAnet", "PAN", "UPerNet",
    "Segformer", "DPT",
)  # fmt: skip

# Arguments that the catalogue sets itself, and those that make a model of smp return something other than logits.
_FIXED = frozenset({"encoder_name", "encoder_weights", "in_channels", "classes", "activation", "aux_params", "kwargs"})
# Trained on billions of images by Facebook: ssl and swsl (I. Yalniz et al., 2019), instagram (D. Mahajan et al., 2018).
_FACEBOOKS = ("ssl", "swsl", "instagram")
_RENAMES = (("", "network."), ("", ""), ("", "network.encoder."), ("", "network.encoder.model."))


def smp_entry(name: str) -> ModelEntry:
    """Return the catalogue entry of ``smp:ARCHITECTURE/ENCODER``.

    Raises ``UsageError`` with the nearest names when the architecture or the encoder does not exist.
    """
    from segmentation_models_pytorch.encoders import encoders as smp_encoders

    architecture, _, encoder = name.removeprefix("smp:").partition("/")
    if not encoder:
        raise UsageError(f"Model '{name}' names no encoder; expected {SMP_PATTERN}, as smp:Unet/resnet18.")
    if architecture not in SMP_ARCHITECTURES:
        raise unknown_name("architecture of segmentation-models-pytorch", architecture, SMP_ARCHITECTURES)
    published, trained = {}, IMAGENET
    if encoder.startswith("tu-"):
        require_timm_model(encoder.removeprefix("tu-"))
        trained = timm_normalisation(encoder.removeprefix("tu-"))
    elif encoder not in smp_encoders:
        raise unknown_name("encoder of segmentation-models-pytorch", encoder, smp_encoders)
    else:
        for tag, settings in smp_encoders[encoder]["pretrained_settings"].items():
            download = partial(_encoder_state, encoder, tag)
            address = str(settings.get("repo_id", settings.get("url", encoder)))
            published[tag] = PublishedWeights(
                download, address, normalisation=smp_normalisation(encoder, tag), licence=smp_licence(encoder, tag)
            )
        trained = smp_normalisation(encoder, next(iter(published)))
    build = partial(_build, architecture=architecture, encoder=encoder)
    options = _option_names(architecture, encoder)
    return ModelEntry(name, "semantic", SMP_SUMMARY, build, _RENAMES, options, published, normalisation=trained)


def smp_licence(encoder: str, weights: str) -> Licence:
    """Return the licence of the published ``weights`` of an encoder, which smp does not state; their makers do.

    Sources: SegFormer of NVIDIA, MobileOne of Apple, and the semi-supervised and weakly supervised ImageNet models of
    Facebook, in their repositories.
    """
    if encoder.startswith("mit_"):
        return LICENCES["nvidia-source-code"]
    if encoder.startswith("mobileone"):
        return LICENCES["mobileone-license"]
    return LICENCES["cc-by-nc-4.0"] if weights in _FACEBOOKS else NOT_STATED


def smp_atrous_stride(name: str, options: Mapping[str, Any]) -> int | None:
    """Return the output stride of the atrous pyramid of ``smp:ARCHITECTURE/ENCODER`` with ``options``.

    It is None for an architecture without one. A shallow encoder ends before its dilated stages.
    """
    architecture = name.removeprefix("smp:").partition("/")[0]
    if architecture not in ("DeepLabV3", "DeepLabV3Plus"):
        return None
    import segmentation_models_pytorch as smp

    defaults = inspect.signature(getattr(smp, architecture)).parameters
    stride, depth = (int(options.get(key, defaults[key].default)) for key in ("encoder_output_stride", "encoder_depth"))
    return min(stride, 2**depth)


def _build(classes: int, *, architecture: str, encoder: str, **options: Any) -> nn.Module:
    """Build the model for ``classes`` classes; background is one more output."""
    import segmentation_models_pytorch as smp

    require_timm_options(options)
    network = getattr(smp, architecture)(encoder_name=encoder, encoder_weights=None, classes=classes + 1, **options)
    whole_levels = network.requires_divisible_input_shape
    return SemanticModel(network, multiple=network.encoder.output_stride if whole_levels else 1)


def _option_names(architecture: str, encoder: str) -> tuple[str, ...]:
    """Return the options of the architecture, and those of timm's encoders where its encoder is one."""
    import segmentation_models_pytorch as smp

    own = set(inspect.signature(getattr(smp, architecture)).parameters) - _FIXED
    # Others go from smp to timm without a look, also those that name files.
    return tuple(sorted(own.union(TIMM_OPTIONS if encoder.startswith(("tu-", "timm-")) else ())))


def _encoder_state(encoder: str, tag: str) -> StateDict:
    """Return the published weights ``tag`` of an encoder; smp fetches them."""
    from segmentation_models_pytorch.encoders import get_encoder

    return get_encoder(encoder, weights=tag).state_dict()
