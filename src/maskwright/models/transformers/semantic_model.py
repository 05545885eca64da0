"""Semantic segmentation by queries: each class of an image is one mask, and a pixel is what all queries say of it."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import torch
from torch.nn import functional

from maskwright.models.transformers.batching import PaddedBatch
from maskwright.models.transformers.query_model import QueryLayer, QueryModel, SetTarget

# Values of float32. Masks of so many queries as this allows are as large as the image at a time: 64 MiB.
_AT_ONCE = 1 << 24
_LEAST = 1e-8  # probability, so that a logit is finite


class QuerySemanticModel(QueryModel):
    """A query model of K+1 classes, background first, with the inputs of a semantic model.

    It takes RGB images ``(B, 3, H, W)`` in 0..1. In training it takes label maps ``(B, H, W)`` int64 too, in which
    pixels above K are ignored, and returns scalar losses by name. In prediction it returns ``logits``
    ``(B, K+1, H, W)``: the logarithm of the probabilities of :meth:`probabilities`.

    Ignored pixels belong to the mask of no class. The published losses count them as outside of every mask.
    """

    def forward(self, images: torch.Tensor, labels: torch.Tensor | None = None) -> Any:
        """Return losses in training, else the logits; see the class."""
        batch = self.batch(images)
        prediction = self.predict(self.network, batch.pixels)
        if self.training:
            if labels is None:
                raise ValueError("training needs label maps")
            return self.set_losses(prediction, self._targets(labels, batch, prediction.final.classes.shape[-1] - 1))
        return {"logits": self.probabilities(prediction.final, batch).clamp_min(_LEAST).log()}

    def probabilities(self, layer: QueryLayer, batch: PaddedBatch) -> torch.Tensor:
        """Return the probabilities ``(B, K+1, H, W)`` of the pixels of the images, all of one size.

        They are the sum over the queries of the probability of the class times that of the pixel (Cheng et al. 2021),
        divided by its sum over the classes.
        """
        height, width = batch.sizes[0]
        classes = layer.classes.float().softmax(-1)[..., :-1]
        rows = max(1, _AT_ONCE // int(len(batch.sizes) * batch.size[0] * batch.size[1]))

        def from_query(first: int) -> torch.Tensor:
            """Return the sum over a chunk of queries; sliced, as ONNX splits nothing into less than it was told."""
            some, masks = classes[:, first : first + rows], layer.masks[:, first : first + rows].float()
            large = functional.interpolate(masks, batch.size, mode="bilinear", align_corners=False)
            return torch.einsum("bqc,bqhw->bchw", some, large[:, :, :height, :width].sigmoid())

        total = reduce(torch.add, map(from_query, range(0, self.queries, rows)))
        return total / total.sum(1, keepdim=True).clamp_min(_LEAST)

    @staticmethod
    def _targets(labels: torch.Tensor, batch: PaddedBatch, classes: int) -> Sequence[SetTarget]:
        """Return the classes that each label map shows, with the mask of each."""
        targets = []
        for one in labels:
            shown = one.unique()
            shown = shown[shown < classes]
            targets.append(SetTarget(shown, batch.padded_like(one == shown[:, None, None])))
        return targets
