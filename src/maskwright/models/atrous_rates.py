"""Dilations of DeepLab's atrous pyramid that fit the crop: the option ``auto`` of the models that have one.

Chen et al. 2017 (arXiv:1706.05587, section 4) take the rates 6, 12 and 18 at output stride 16, and twice as much at
stride 8, for crops of 513 pixels. A rate as large as the feature map reads nothing but padding.
"""

from collections.abc import Mapping
from typing import Any

from maskwright.errors import UsageError
from maskwright.models.dilated_backbones import DILATED_BACKBONES, dilated_stride
from maskwright.models.smp_family import smp_atrous_stride

AUTO = "auto"

_PAPER_CROP = 513
# The paper's rates in pixels of the image: 6, 12 and 18 cells of 16 pixels.
_PAPER_REACHES = (96, 192, 288)


def fitting_rates(side: int, stride: int) -> list[int]:
    """Return the three rates that fit a square of ``side`` pixels at an output stride of ``stride`` pixels.

    They are the paper's, shrunk as the side is to the paper's crop and never enlarged, each at least 1. The largest
    reaches over 56 % of the feature map, as in the paper.

    Example:
        >>> from maskwright.models.atrous_rates import fitting_rates
        >>> fitting_rates(513, 16), fitting_rates(513, 8), fitting_rates(320, 16)
        ([6, 12, 18], [12, 24, 36], [4, 7, 11])
    """
    shrink = min(1.0, side / _PAPER_CROP)
    return [max(1, round(reach * shrink / stride)) for reach in _PAPER_REACHES]


def resolve_atrous_rates(name: str, options: Mapping[str, Any], side: int) -> dict[str, Any]:
    """Return the ``options`` of the model ``name`` with numbers in place of rates that are ``auto``.

    ``side`` is that of the training images in pixels. Rates that are stated stay, and so do the options of models
    without an atrous pyramid.

    Raises ``UsageError`` for another word than ``auto``.
    """
    key, stride = _atrous_option(name, options)
    stated = options.get(key)
    if stride is None or not isinstance(stated, str):
        return dict(options)
    if stated != AUTO:
        raise UsageError(
            f"model.options.{key}: found '{stated}'; expected {AUTO}, or three whole numbers such as [12, 24, 36]."
        )
    return {**options, key: fitting_rates(side, stride)}


def _atrous_option(name: str, options: Mapping[str, Any]) -> tuple[str, int | None]:
    """Return the option of a model that has the rates, and its output stride; None without an atrous pyramid."""
    if name.startswith("smp:"):
        return "decoder_atrous_rates", smp_atrous_stride(name, options)
    backbone = next((each for each in DILATED_BACKBONES if name.endswith(f"_{each}")), None)
    atrous = backbone is not None and name.startswith("deeplabv3_")
    return "rates", dilated_stride(backbone) if backbone is not None and atrous else None
