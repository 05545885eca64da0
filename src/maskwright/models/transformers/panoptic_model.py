"""Panoptic segmentation by queries: each segment of an image, a thing or all of a stuff class, is one mask."""

from typing import Any

import torch

from maskwright.masks.panoptic_png import VOID
from maskwright.masks.segment_coding import CROWD_NUMBER, IDS_OF_CLASS
from maskwright.models.transformers.batching import PaddedBatch
from maskwright.models.transformers.query_model import QueryModel, SetTarget


class QueryPanopticModel(QueryModel):
    """A query model of K classes, things and stuff, with the inputs of a semantic model.

    It takes RGB images ``(B, 3, H, W)`` in 0..1. In training it takes maps of segment ids ``(B, H, W)`` int64 too,
    coded as in :mod:`maskwright.masks.segment_coding`, and returns scalar losses by name. In prediction it returns
    ``class_logits`` ``(B, Q, K+1)``, "no object" last, and ``mask_logits`` ``(B, Q, h, w)``. These cover the padded
    image of size ``padded`` ``(2,)``, of which the image has the upper left part of size ``seen`` ``(2,)``.

    Void pixels and crowd regions belong to no mask. The published losses count them as outside of every mask.
    """

    def forward(self, images: torch.Tensor, ids: torch.Tensor | None = None) -> Any:
        """Return losses in training, else the logits; see the class."""
        batch = self.batch(images)
        prediction = self.predict(self.network, batch.pixels)
        if self.training:
            if ids is None:
                raise ValueError("training needs maps of segment ids")
            return self.set_losses(prediction, [segment_target(one, batch) for one in ids])
        return {
            "class_logits": prediction.final.classes,
            "mask_logits": prediction.final.masks,
            "padded": torch.tensor(batch.size),
            "seen": torch.tensor(batch.sizes[0]),
        }


def segment_target(ids: torch.Tensor, batch: PaddedBatch) -> SetTarget:
    """Return the segments of one image of the ``batch``, but for crowd regions; ``ids`` ``(H, W)`` int64 are coded."""
    present = ids.unique()
    present = present[(present != VOID) & (present % IDS_OF_CLASS != CROWD_NUMBER)]
    return SetTarget(present // IDS_OF_CLASS - 1, batch.padded_like(ids == present[:, None, None]))
