"""The base of query models: a network whose layers each predict Q masks with a class, matched to the true objects.

Carion et al. 2020, "End-to-End Object Detection with Transformers" (arXiv:2005.12872), for masks Cheng et al. 2021,
"Per-Pixel Classification is Not All You Need" (arXiv:2107.06278). Matcher and losses are those of the library.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from maskwright.errors import UsageError
from maskwright.models.semantic import IMAGENET_MEAN, IMAGENET_STD
from maskwright.models.transformers.batching import PaddedBatch, padded_batch, round_up


class QueryLayer(NamedTuple):
    """The logits of one layer: ``classes`` ``(B, Q, K+1)``, "no object" last, and ``masks`` ``(B, Q, h, w)``."""

    classes: torch.Tensor
    masks: torch.Tensor


class QueryPrediction(NamedTuple):
    """The prediction that counts, ``final``, and those of all layers that are trained, in the library's order."""

    final: QueryLayer
    trained: Sequence[QueryLayer]


# Runs a network of the library on pixels (B, 3, H, W).
Predict = Callable[[Any, torch.Tensor], QueryPrediction]


class SetTarget(NamedTuple):
    """The true objects of one image: ``classes`` ``(T,)`` int64 from 0, ``masks`` ``(T, H, W)`` float of 0 and 1."""

    classes: torch.Tensor
    masks: torch.Tensor


class PaddedNetwork(nn.Module):
    """A ``network`` of the library with its normalisation and padding.

    Images are padded to a ``multiple`` of pixels, or where ``side`` is given to a square of that side.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, network: nn.Module, multiple: int = 32, side: int | None = None) -> None:
        super().__init__()
        self.network: Any = network
        self.multiple, self.side = multiple, side
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    @property
    def queries(self) -> int:
        """The most objects that an image can have found."""
        return self.network.config.num_queries

    def padded_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return ``(H, W)`` of the batch in which a resized image of ``size`` ``(H, W)`` is alone: padded.

        Raises ``UsageError`` for an image that is larger than the side of the network.
        """
        if self.side is None:
            return round_up(size, self.multiple)
        if max(size) > self.side:
            raise UsageError(
                f"An image of {size[0]} × {size[1]} pixels; the network takes at most {self.side}. Raise "
                "model.options.image_size, or lower model.input."
            )
        return self.side, self.side

    def batch(self, images: Sequence[torch.Tensor] | torch.Tensor) -> PaddedBatch:
        """Return ``images`` ``(3, h, w)``, or ``(B, 3, h, w)``, in 0..1 as the network takes them."""
        if isinstance(images, torch.Tensor):
            largest = (images.shape[2], images.shape[3])
        else:
            largest = (max(image.shape[1] for image in images), max(image.shape[2] for image in images))
        return padded_batch(images, self.mean, self.std, self.padded_size(largest))


class QueryModel(PaddedNetwork):
    """A padded network of which each layer predicts Q masks with a class; ``predict`` runs it."""

    def __init__(self, network: nn.Module, predict: Predict, multiple: int = 32, side: int | None = None) -> None:
        super().__init__(network, multiple, side)
        self.predict = predict
        # Processes that share a batch divide by the masks of all of them, so that none weighs more than its share.
        self.network.criterion.get_num_masks = self._mean_number_of_masks

    def set_losses(self, prediction: QueryPrediction, targets: Sequence[SetTarget]) -> dict[str, torch.Tensor]:
        """Return the library's losses of matched queries by name, weighted and summed over the layers.

        They are computed in float32: the costs of a matching in a half type would often be equal.
        """
        sums: dict[str, torch.Tensor] = {}
        labels = {"mask_labels": [one.masks for one in targets], "class_labels": [one.classes for one in targets]}
        share = self._share_of_class_loss(targets, prediction.final.classes)
        with torch.autocast(self.mean.device.type, enabled=False):
            for layer in prediction.trained:
                parts = self.network.get_loss_dict(
                    masks_queries_logits=layer.masks.float(),
                    class_queries_logits=layer.classes.float(),
                    auxiliary_predictions=None,
                    **labels,
                )
                for key, value in parts.items():
                    name = key.removeprefix("loss_")
                    value = value * share if name == "cross_entropy" else value
                    sums[name] = sums[name] + value if name in sums else value
        return sums

    def _share_of_class_loss(self, targets: Sequence[SetTarget], classes: torch.Tensor) -> torch.Tensor:
        """Return the factor of the class loss with which the mean over the processes is that of one on their batch.

        The library divides by the weights of a process's own queries: 1 of a query with an object, less of others.
        """
        images, queries = classes.shape[:2]
        matched = sum(min(len(one.classes), queries) for one in targets)
        weights = matched + (images * queries - matched) * self.network.config.no_object_weight
        mean = mean_over_processes(weights, classes.device, self.network.criterion.training)
        return weights / mean if weights else torch.ones_like(mean)

    def _mean_number_of_masks(self, class_labels: Sequence[torch.Tensor], device: torch.device) -> torch.Tensor:
        return mean_count(sum(len(classes) for classes in class_labels), device, self.network.criterion.training)


def mean_count(count: int, device: torch.device, training: bool) -> torch.Tensor:
    """Return ``count``, or in ``training`` its mean over the processes that share a batch; at least 1.

    A validation loss is computed by each process on a share of its own, and not by all of them equally often.
    """
    return mean_over_processes(count, device, training).clamp(min=1)


def mean_over_processes(value: float, device: torch.device, training: bool) -> torch.Tensor:
    """Return ``value``, or in ``training`` its mean over the processes that share a batch."""
    mean = torch.tensor(float(value), device=device)
    if training and torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(mean)
        mean = mean / torch.distributed.get_world_size()
    return mean
