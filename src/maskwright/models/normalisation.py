"""Normalisation of images: the mean and the standard deviation that a network's backbone was trained with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from maskwright.models.semantic import IMAGENET_MEAN, IMAGENET_STD

NORMALISATION_OPTIONS = ("image_mean", "image_std")


@dataclass(frozen=True)
class Normalisation:
    """The ``mean`` and ``std`` of red, green and blue, of pixels in 0..1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ValueError(
                f"image_mean {list(self.mean)} and image_std {list(self.std)}: expected three numbers each, of red, "
                "green and blue in 0..1, and deviations above 0"
            )

    def to_options(self) -> dict[str, list[float]]:
        """Return the options of a model with this normalisation; none for ImageNet's, which models have without."""
        if self == IMAGENET:
            return {}
        return {"image_mean": list(self.mean), "image_std": list(self.std)}

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> "Normalisation":
        """Return the normalisation in the ``options`` of a model; ImageNet's where they have none.

        Raises ``ValueError`` for other than three numbers, or a deviation of 0 or less.
        """
        mean, std = (options.get(name) for name in NORMALISATION_OPTIONS)
        return cls(_numbers(IMAGENET_MEAN if mean is None else mean), _numbers(IMAGENET_STD if std is None else std))


IMAGENET = Normalisation(IMAGENET_MEAN, IMAGENET_STD)
# The normalisation of Inception, which TensorFlow's networks have: pixels from -1 to 1.
HALF = Normalisation((0.5,) * 3, (0.5,) * 3)
# DPN, from MXNet: the mean of ImageNet in 0..255 and one factor, 0.0167, for all channels.
_DPN = Normalisation((124 / 255, 117 / 255, 104 / 255), (1 / (0.0167 * 255),) * 3)


def normalise(module: nn.Module, normalisation: Normalisation) -> None:
    """Set the ``normalisation`` of ``module``, a semantic model or a detector of torchvision's parts, in place."""
    transform = getattr(module, "transform", None)
    if transform is not None:
        transform.image_mean, transform.image_std = list(normalisation.mean), list(normalisation.std)
        return
    for name, values in (("mean", normalisation.mean), ("std", normalisation.std)):
        buffer = getattr(module, name)
        setattr(module, name, torch.tensor(values, dtype=buffer.dtype, device=buffer.device).view(1, 3, 1, 1))
    module.normalisation = normalisation  # type: ignore[assignment] - as exact numbers


def normalisation_of(module: nn.Module) -> Normalisation | None:
    """Return the normalisation that :func:`normalise` gave ``module``, or None."""
    transform = getattr(module, "transform", None)
    if transform is not None:
        return Normalisation(tuple(transform.image_mean), tuple(transform.image_std))
    return getattr(module, "normalisation", None)


def timm_normalisation(name: str) -> Normalisation:
    """Return the normalisation of the weights that timm publishes for its model ``name``, which may have a tag.

    It is ImageNet's for a model without published weights.
    """
    import timm  # a second of imports, which only its own encoders need

    published = timm.get_pretrained_cfg(name)
    return IMAGENET if published is None else Normalisation(tuple(published.mean), tuple(published.std))


def smp_normalisation(encoder: str, weights: str) -> Normalisation:
    """Return the normalisation of the published ``weights`` of an encoder of segmentation-models-pytorch.

    smp's ``get_preprocessing_params`` fetches it with the weights; these are the settings that smp had in its source up
    to version 0.4.
    """
    if encoder.startswith("dpn"):
        return _DPN
    if encoder.startswith(("inception", "xception", "timm-tf_efficientnet_lite")) or weights == "advprop":
        return HALF
    return IMAGENET


def _numbers(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
