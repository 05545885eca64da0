"""Semantic prediction: from images to label maps at the images' own sizes."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from maskwright.errors import DataError, NotFinite
from maskwright.images.resize import InputSize
from maskwright.limits import beyond_limit, input_limit
from maskwright.prediction.resizing import resized_bands, to_network_input
from maskwright.prediction.sliding_window import predict_windows
from maskwright.prediction.test_time_augmentation import Views, mean_probabilities, scale_input_size
from maskwright.structures import LabelMap

PLAIN = Views()


class Pixels(NamedTuple):
    """The most likely class of each pixel, ``label_map`` ``(H, W)``, and its probability, ``confidence`` ``(H, W)``."""

    label_map: LabelMap
    confidence: npt.NDArray[np.float32]


@torch.inference_mode()
def predict_logits(
    model: nn.Module, images: Sequence[npt.NDArray[np.uint8]], input_size: InputSize, flip: bool = False
) -> Iterator[torch.Tensor]:
    """Yield the logits ``(K+1, H, W)`` of each of the ``images`` ``(H, W, 3)`` uint8 RGB at its size.

    The model sees all images as one batch, so ``input_size`` must give one size for all. The logits are resized, not
    the labels, so that borders between classes stay smooth. With ``flip`` the model sees the mirrored images, and its
    outputs are mirrored back.

    Raises ``NotFinite`` when the model's output is NaN or infinite, and ``DataError`` when the logits of an image are
    too many to hold.
    """
    for logits, image in zip(_answers(model, images, input_size, flip), images, strict=True):
        height, width = image.shape[:2]
        if len(logits) * height * width > 2 * input_limit("predicted-pixels"):
            raise DataError(
                f"An image of {width}×{height} pixels has {len(logits)} probabilities for each, too many to average; "
                f"{beyond_limit('predicted-pixels')}, or average in windows: --tile."
            )
        yield functional.interpolate(logits[None], (height, width), mode="bilinear", align_corners=False)[0]


def _answers(
    model: nn.Module, images: Sequence[npt.NDArray[np.uint8]], input_size: InputSize, flip: bool = False
) -> torch.Tensor:
    """Return the logits ``(B, K+1, h, w)`` of ``images`` as one batch, at the model's own size."""
    device = next(model.parameters()).device
    seen = torch.stack([to_network_input(image, input_size, device) for image in images])
    answers = (model(seen.flip(-1))["logits"].flip(-1) if flip else model(seen)["logits"]).float()
    if not answers.isfinite().all():
        raise NotFinite("The model answers an image with NaN or infinity")
    return answers


@torch.inference_mode()
def predict_pixels(
    model: nn.Module,
    images: Sequence[npt.NDArray[np.uint8]],
    input_size: InputSize,
    dtype: type[np.uint8] | type[np.uint16] = np.uint8,
    views: Views = PLAIN,
    batch: int = 1,
) -> list[Pixels]:
    """Return the most likely class of each pixel of the ``images`` and its probability, averaged over ``views``.

    ``model`` is in evaluation mode. It sees the images as one batch, so all must have the same :func:`input_sizes`.
    With a window in ``views`` it sees ``batch`` windows of one image at a time instead. ``dtype`` is that of the label
    maps.

    Raises ``NotFinite`` when the model's output is NaN or infinite.
    """
    if views.plain:
        answers = _answers(model, images, input_size)
        return [_likeliest(logits, image.shape[:2], dtype) for logits, image in zip(answers, images, strict=True)]

    return _averaged(model, images, input_size, dtype, views, batch)


def _averaged(
    model: nn.Module,
    images: Sequence[npt.NDArray[np.uint8]],
    input_size: InputSize,
    dtype: type[np.uint8] | type[np.uint16],
    views: Views,
    batch: int,
    confident: bool = True,
) -> list[Pixels]:
    """Return the pixels of images that are averaged over ``views``; of windows, the confidence only on demand."""

    def seen(parts: Sequence[npt.NDArray[np.uint8]]) -> list[torch.Tensor]:
        return mean_probabilities(functools.partial(predict_logits, model, parts), input_size, views)

    if views.window is None:
        return [_pixels(*probabilities.max(dim=0), dtype) for probabilities in seen(images)]
    return [_windowed(seen, image, views.window, views.overlap, batch, dtype, confident) for image in images]


@torch.inference_mode()
def predict_label_maps(
    model: nn.Module,
    images: Sequence[npt.NDArray[np.uint8]],
    input_size: InputSize,
    dtype: type[np.uint8] | type[np.uint16] = np.uint8,
    views: Views = PLAIN,
    batch: int = 1,
) -> list[LabelMap]:
    """Return the label map ``(H, W)`` of each of the ``images``: the classes that :func:`predict_pixels` returns.

    Without averaging it skips the probabilities, which is faster.
    """
    if views.plain:
        answers = _answers(model, images, input_size)
        return [_labels(logits, image.shape[:2], dtype) for logits, image in zip(answers, images, strict=True)]
    found = _averaged(model, images, input_size, dtype, views, batch, confident=False)
    return [pixels.label_map for pixels in found]


def input_sizes(input_size: InputSize, size: tuple[int, int], views: Views = PLAIN) -> tuple[tuple[int, int], ...]:
    """Return the input sizes ``(H, W)`` at which the ``views`` show a whole image of ``size`` ``(H, W)``.

    Images with the same input sizes can be one batch.
    """
    return tuple(scale_input_size(input_size, scale).of(size) for scale in views.scales)


def _windowed(
    predict: Callable[[Sequence[npt.NDArray[np.uint8]]], list[torch.Tensor]],
    image: npt.NDArray[np.uint8],
    window: int,
    overlap: float,
    batch: int,
    dtype: type[np.uint8] | type[np.uint16],
    confident: bool,
) -> Pixels:
    size = image.shape[:2]
    # Four bytes a pixel, which those of a large image are spared.
    found = Pixels(np.empty(size, dtype), np.empty(size if confident else (0, 0), np.float32))
    for block, probabilities in predict_windows(predict, image, window, overlap, batch):
        confidence, labels = probabilities.max(dim=0)
        found.label_map[block], part = _pixels(confidence, labels, dtype)
        if confident:
            found.confidence[block] = part
    return found


def _labels(logits: torch.Tensor, size: tuple[int, ...], dtype: type[np.uint8] | type[np.uint16]) -> LabelMap:
    """Return the label map of ``size`` ``(H, W)`` from the model's own ``logits`` ``(K+1, h, w)``."""
    found = np.empty(size, dtype)
    for rows, band in resized_bands(logits, (size[0], size[1])):
        # Not argmax, which takes five times as long along the first of several dimensions on a CPU.
        found[rows] = _small(band.max(dim=0).indices, dtype).cpu().numpy()
    return found


def _likeliest(logits: torch.Tensor, size: tuple[int, ...], dtype: type[np.uint8] | type[np.uint16]) -> Pixels:
    found = Pixels(np.empty(size, dtype), np.empty(size, np.float32))
    for rows, band in resized_bands(logits, (size[0], size[1])):
        highest, labels = band.max(dim=0)
        confidence = (highest - band.logsumexp(dim=0)).exp()
        found.label_map[rows], found.confidence[rows] = _pixels(confidence, labels, dtype)
    return found


def _pixels(confidence: torch.Tensor, labels: torch.Tensor, dtype: type[np.uint8] | type[np.uint16]) -> Pixels:
    label_map = _small(labels, dtype).cpu().numpy().astype(dtype, copy=False)
    return Pixels(label_map, confidence.clamp(0, 1).cpu().numpy())


def _small(labels: torch.Tensor, dtype: type[np.uint8] | type[np.uint16]) -> torch.Tensor:
    """Return ``labels`` int64 in an eighth or half of the bytes, in which they leave the device."""
    return labels.to(torch.uint8 if dtype is np.uint8 else torch.int32)  # torch's operations lack uint16
