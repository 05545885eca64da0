"""Panoptic prediction by query models: from images to segments without overlap at the images' own sizes.

Cheng et al. 2021 (arXiv:2107.06278), section 3.4, as Mask2Former's and EoMT's authors compute it: the library's result
for EoMT. The library's own for Mask2Former measures a mask after its weighing by the score, and leaves no pixel void.
Memory is that of a chunk of queries, not of all.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from maskwright.errors import NotFinite, UsageError
from maskwright.images.resize import InputSize
from maskwright.prediction.query_masks import full_size_masks
from maskwright.prediction.resizing import to_network_input
from maskwright.prediction.test_time_augmentation import Views
from maskwright.structures import ClassTable, PanopticMap, PanopticSegment

# Values of float32 that the masks of a chunk take at their largest: 64 MiB.
_AT_ONCE = 1 << 24


class PanopticThresholds(NamedTuple):
    """The thresholds of a panoptic prediction, each from 0 to 1.

    A query counts where its best class has a probability above ``score``, and a pixel is in its mask from the
    probability ``mask`` on. Of the pixels of its mask more than ``overlap`` must be its own; else it is dropped. The
    authors take the score 0.8 for models of COCO; networks of few images are less sure.
    """

    score: float = 0.5
    mask: float = 0.5
    overlap: float = 0.8


USUAL = PanopticThresholds()


def require_plain(views: Views) -> None:
    """Raise ``UsageError`` for views other than the whole image alone: segments cannot be averaged or joined yet."""
    if not views.plain:
        raise UsageError(
            f"A panoptic model sees each image once and whole; found {views}. Omit --tile, --flip and --scales."
        )


@torch.inference_mode()
def predict_panoptic_maps(
    model: nn.Module,
    images: Sequence[npt.NDArray[np.uint8]],
    input_size: InputSize,
    table: ClassTable,
    thresholds: PanopticThresholds = USUAL,
) -> list[PanopticMap]:
    """Return the panoptic map of each of the ``images`` ``(H, W, 3)`` uint8 RGB; labels are indices of ``table``.

    ``model`` is in evaluation mode and sees the images as one batch, so ``input_size`` must give one size for all.

    Raises ``NotFinite`` when the model's output is NaN or infinite.
    """
    device = next(model.parameters()).device
    output = model(torch.stack([to_network_input(image, input_size, device) for image in images]))
    classes, masks = (output[name].float().cpu() for name in ("class_logits", "mask_logits"))
    if not classes.isfinite().all() or not masks.isfinite().all():
        raise NotFinite("The model answers an image with NaN or infinity")
    return [
        merge_queries(
            {**output, "class_logits": classes[number], "mask_logits": masks[number]},
            (image.shape[0], image.shape[1]),
            table,
            thresholds,
        )
        for number, image in enumerate(images)
    ]


def merge_queries(
    found: Mapping[str, torch.Tensor],
    size: tuple[int, int],
    table: ClassTable,
    thresholds: PanopticThresholds = USUAL,
) -> PanopticMap:
    """Return the panoptic map of one image of ``size`` ``(H, W)`` from the answer ``found`` of a query model.

    ``found`` has ``class_logits`` ``(Q, K+1)``, ``mask_logits`` ``(Q, h, w)``, ``padded`` and ``seen``, see
    :class:`maskwright.models.transformers.panoptic_model.QueryPanopticModel`. A pixel goes to the query with the
    largest product of the probabilities of class and mask, if it is in that query's mask. The segments of a stuff class
    of ``table`` are joined. Ids are 1, 2, … in the order of the queries.
    """
    scores, classes = found["class_logits"].softmax(-1).max(-1)
    kept = torch.nonzero((classes < len(table)) & (scores > thresholds.score))[:, 0]
    best, owner = torch.zeros(size), torch.full(size, -1, dtype=torch.int32)
    inside = torch.zeros(size, dtype=torch.bool)
    areas: list[int] = []  # pixels of each kept query's mask
    chosen = {**found, "mask_logits": found["mask_logits"][kept]}
    for chunk in full_size_masks(chosen, size, _AT_ONCE):
        for logits in chunk:
            number, probabilities = len(areas), logits.sigmoid()
            own = probabilities >= thresholds.mask
            areas.append(int(own.sum()))
            weighed = scores[kept[number]] * probabilities
            # The first query has every pixel until a larger product takes it, as by an argmax.
            larger = weighed > best if number else torch.ones(size, dtype=torch.bool)
            best, inside = torch.where(larger, weighed, best), torch.where(larger, own, inside)
            owner[larger] = number
    return _joined(owner.numpy(), inside.numpy(), areas, (classes[kept] + 1).tolist(), table, thresholds.overlap)


def _joined(
    owner: npt.NDArray[np.int32],
    inside: npt.NDArray[np.bool_],
    areas: Sequence[int],
    labels: Sequence[int],
    table: ClassTable,
    overlap: float,
) -> PanopticMap:
    """Return the map of the queries whose pixels are enough; ``owner`` ``(H, W)`` is the query of each pixel, or -1."""
    won = np.bincount(owner[owner >= 0], minlength=len(areas))
    shown = np.bincount(owner[inside], minlength=len(areas))
    stuff = {c.index: 0 for c in table if c.stuff}
    ids = np.zeros(len(areas) + 1, np.int32)  # by query, and 0 for -1, the last
    segments: list[PanopticSegment] = []
    for query, (area, label) in enumerate(zip(areas, labels, strict=True)):
        # In float32 as the authors divide: a share may lie on the threshold.
        if not area or not shown[query] or not np.float32(won[query]) / np.float32(area) > np.float32(overlap):
            continue
        if not stuff.get(label):
            segments.append(PanopticSegment(len(segments) + 1, label))
        ids[query] = stuff.get(label) or len(segments)
        if label in stuff:
            stuff[label] = int(ids[query])
    return PanopticMap(np.where(inside, ids[owner], 0), tuple(segments))
