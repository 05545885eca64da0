"""Dilated torchvision classifiers as backbones for semantic segmentation: the last strides become dilations.

Chen et al. 2017 (arXiv:1706.05587): a dilated convolution has the receptive field of a strided one and keeps a fine
grid. ResNets end at stride 8, MobileNets at stride 16, as in torchvision's own segmentation models.
"""

from typing import Any, NamedTuple

import torchvision
from torch import nn

from maskwright.errors import unknown_name


class Tap(NamedTuple):
    """A child of the backbone whose output is the input of a head, and its number of channels."""

    child: str
    channels: int


class Dilated(NamedTuple):
    """A dilated backbone and the children whose outputs the heads read.

    ``features`` is the module that holds the children. ``last`` is the deepest output. ``fine``, at stride 8, feeds the
    auxiliary head and the skip connection of LR-ASPP. ``early``, at stride 4, feeds the point head of PointRend.
    """

    features: nn.Module
    last: Tap
    fine: Tap
    early: Tap


_TAPS = {
    "mobilenet_v3_large": (Tap("16", 960), Tap("4", 40), Tap("3", 24)),
    "mobilenet_v3_small": (Tap("12", 576), Tap("2", 24), Tap("1", 16)),
    # Before the last 1 × 1 convolution, as Sandler et al. (arXiv:1801.04381, section 6.3) recommend: 320, not 1280.
    "mobilenet_v2": (Tap("17", 320), Tap("4", 32), Tap("3", 24)),
    "resnet50": (Tap("layer4", 2048), Tap("layer3", 1024), Tap("layer1", 256)),
    "resnet101": (Tap("layer4", 2048), Tap("layer3", 1024), Tap("layer1", 256)),
}
DILATED_BACKBONES = tuple(_TAPS)


def build_dilated(name: str) -> Dilated:
    """Build the backbone ``name`` with random weights.

    Raises ``UsageError`` with the nearest names when ``name`` is not one of ``DILATED_BACKBONES``.
    """
    if name not in _TAPS:
        raise unknown_name("dilated backbone", name, DILATED_BACKBONES)
    options: dict[str, Any] = {}
    if name.startswith("resnet"):
        options["replace_stride_with_dilation"] = [False, True, True]
    elif name.startswith("mobilenet_v3"):
        options["dilated"] = True
    classifier = torchvision.models.get_model(name, weights=None, **options)
    features = getattr(classifier, "features", classifier)
    if name == "mobilenet_v2":
        _dilate_last_stride(features)
    return Dilated(features, *_TAPS[name])


def dilated_stride(name: str) -> int:
    """Return the output stride, in pixels of the image, of the deepest features of the backbone ``name``."""
    return 8 if name.startswith("resnet") else 16


def _dilate_last_stride(features: nn.Module) -> None:
    """Set stride 1 from the last strided convolution on, and dilation 2 in its 3 × 3 successors, in place."""
    convolutions = [module for module in features.modules() if isinstance(module, nn.Conv2d)]
    last = max(i for i, convolution in enumerate(convolutions) if convolution.stride != (1, 1))
    for convolution in convolutions[last:]:
        convolution.stride = (1, 1)
        if convolution.kernel_size != (1, 1):
            convolution.dilation, convolution.padding = (2, 2), (2, 2)
