"""Semantic prediction: an image to a label map of its own size."""

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from maskwright.errors import NotFinite
from maskwright.images.resize import InputSize, resize_image
from maskwright.prediction.sliding_window import predict_windows
from maskwright.prediction.views import Views, mean_probabilities
from maskwright.structures import LabelMap

PLAIN = Views()


class Pixels(NamedTuple):
    """The most likely class of each pixel ``(H, W)``, and its probability ``(H, W)`` float32."""

    label_map: LabelMap
    confidence: npt.NDArray[np.float32]


def to_tensor(image: npt.NDArray[np.uint8], device: torch.device) -> torch.Tensor:
    """``image`` ``(H, W, 3)`` uint8 as ``(3, H, W)`` float in 0..1."""
    return torch.from_numpy(image).permute(2, 0, 1).to(device).float() / 255


@torch.inference_mode()
def predict_logits(
    model: nn.Module, image: npt.NDArray[np.uint8], input_size: InputSize, flip: bool = False
) -> torch.Tensor:
    """Logits ``(K+1, H, W)`` at the size of ``image`` ``(H, W, 3)``.

    The logits are resized, not the labels: borders between classes stay smooth. With ``flip`` the model sees the
    mirrored image, and its answer is mirrored back.

    Raises :class:`NotFinite`.
    """
    device = next(model.parameters()).device
    height, width = image.shape[:2]
    seen = to_tensor(resize_image(image, input_size.of((height, width))), device)[None]
    logits = (model(seen.flip(-1))["logits"].flip(-1) if flip else model(seen)["logits"]).float()
    if not logits.isfinite().all():
        raise NotFinite("The model answers an image with NaN or infinity")
    return functional.interpolate(logits, (height, width), mode="bilinear", align_corners=False)[0]


@torch.inference_mode()
def predict_pixels(
    model: nn.Module,
    image: npt.NDArray[np.uint8],
    input_size: InputSize,
    dtype: type[np.uint8] | type[np.uint16] = np.uint8,
    views: Views = PLAIN,
) -> Pixels:
    """The most likely class of each pixel of ``image`` and its probability, by the mean probabilities of ``views``.

    ``model`` must be in evaluation mode.
    """
    if views.plain:
        logits = predict_logits(model, image, input_size)
        highest, labels = logits.max(dim=0)
        return _pixels(labels, (highest - logits.logsumexp(dim=0)).exp(), dtype)

    def seen(part: npt.NDArray[np.uint8]) -> torch.Tensor:
        return mean_probabilities(functools.partial(predict_logits, model, part), input_size, views)

    if views.window is None:
        confidence, labels = seen(image).max(dim=0)
        return _pixels(labels, confidence, dtype)
    found = Pixels(np.empty(image.shape[:2], dtype), np.empty(image.shape[:2], np.float32))
    for rows, probabilities in predict_windows(seen, image, views.window, views.overlap):
        confidence, labels = probabilities.max(dim=0)
        found.label_map[rows], found.confidence[rows] = _pixels(labels, confidence, dtype)
    return found


@torch.inference_mode()
def predict_label_map(
    model: nn.Module,
    image: npt.NDArray[np.uint8],
    input_size: InputSize,
    dtype: type[np.uint8] | type[np.uint16] = np.uint8,
    views: Views = PLAIN,
) -> LabelMap:
    """The most likely class of each pixel, ``(H, W)``; ``model`` must be in evaluation mode."""
    if views.plain:
        return predict_logits(model, image, input_size).argmax(dim=0).cpu().numpy().astype(dtype)
    return predict_pixels(model, image, input_size, dtype, views).label_map


def _pixels(labels: torch.Tensor, confidence: torch.Tensor, dtype: type[np.uint8] | type[np.uint16]) -> Pixels:
    return Pixels(labels.cpu().numpy().astype(dtype), confidence.clamp(0, 1).cpu().numpy())
