"""Instance segmentation by queries: the best pairs of a query and a class are the detections."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from maskwright.models.transformers.batching import PaddedBatch
from maskwright.models.transformers.query_detections import QueryDetections, require_detections
from maskwright.models.transformers.query_model import Predict, QueryLayer, QueryModel, SetTarget


class QueryInstanceModel(QueryDetections, QueryModel):
    """A query model of K classes with the inputs of a detector.

    It takes RGB images ``(3, h, w)`` in 0..1. In training it takes targets with ``labels`` ``(T,)`` int64 1..K and
    ``masks`` ``(T, h, w)``, and returns scalar losses by name. In prediction it returns for each image the
    ``detections`` likeliest pairs of query and class, best first: ``labels`` and ``scores`` ``(N,)``, and the row
    ``queries`` ``(N,)`` of each in ``mask_logits`` ``(Q, h', w')``. These cover the padded image of size ``padded``
    ``(2,)``, of which the image has the upper left part of size ``seen`` ``(2,)``.

    One query may be in several pairs. Taking only its best class, as the library's own post-processing does, costs AP.
    """

    arrays = ("scores", "mask_logits")

    def __init__(
        self,
        network: nn.Module,
        predict: Predict,
        *,
        detections: int = 100,
        multiple: int = 32,
        side: int | None = None,
    ) -> None:
        super().__init__(network, predict, multiple, side)
        self.detections = require_detections(detections)

    def forward(self, images: Sequence[torch.Tensor], targets: Sequence[dict[str, torch.Tensor]] | None = None) -> Any:
        """Return losses in training, else what is found in each image; see the class."""
        batch = self.batch(images)
        prediction = self.predict(self.network, batch.pixels)
        if not self.training:
            return [self._found(prediction.final, number, batch) for number in range(len(images))]
        if targets is None:
            raise ValueError("training needs targets")
        return self.set_losses(
            prediction, [SetTarget(one["labels"] - 1, batch.padded_like(one["masks"])) for one in targets]
        )

    def _found(self, layer: QueryLayer, number: int, batch: PaddedBatch) -> dict[str, torch.Tensor]:
        """Return the detections of image ``number``."""
        return self.detections_of(_arrays(layer, number), batch.sizes[number], batch.size)

    def query_arrays(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return what the network says of ``image`` ``(3, h, w)`` in 0..1, by the names of :attr:`arrays`."""
        return _arrays(self.predict(self.network, self.batch(image[None]).pixels).final, 0)


def _arrays(layer: QueryLayer, number: int) -> dict[str, torch.Tensor]:
    return {
        "scores": layer.classes[number].float().softmax(-1)[:, :-1],
        "mask_logits": layer.masks[number].float(),
    }
