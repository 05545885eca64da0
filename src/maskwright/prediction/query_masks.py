"""Masks of query models at an image's own size, encoded a few queries at a time.

A query model predicts masks at a quarter of its input's resolution. All of 300 queries at 2048 × 1024 pixels would take
2.5 GB as float32. Here memory is bounded by a chunk of queries, and the bits are those of resizing all at once.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from maskwright.masks.cropped import trimmed
from maskwright.masks.label_map import boxes_of
from maskwright.masks.paste import cropped_to_rle
from maskwright.structures import Instances, Rle

# Values of float32 that the masks of a chunk take at their largest: 64 MiB.
_AT_ONCE = 1 << 24


def encode_queries(found: Mapping[str, torch.Tensor], size: tuple[int, int]) -> Instances:
    """Return the detections ``found`` of a query model on an image of ``size`` ``(H, W)``, with their masks as RLE.

    ``found`` is what :class:`maskwright.models.transformers.instance_model.QueryInstanceModel` answers for an image. A
    pixel belongs to a mask where its logit is above 0. Boxes are those of the masks, and a score is that of the class
    times the mean probability of the pixels of the mask, as in Mask2Former. A model that predicts ``boxes`` ``(N, 4)``,
    xyxy from 0 to 1 across the padded image, keeps them and its scores. Detections without a pixel or with an empty box
    are dropped.
    """
    masks, means = _encoded(found, size)
    rows, scores = found["queries"].numpy(), found["scores"].numpy()
    if "boxes" not in found:
        scores = scores * np.array([means[row] for row in rows], np.float32)
    order = np.array([i for i in np.argsort(-scores, kind="stable") if means[rows[i]] > 0], np.int64)
    chosen = [masks[row] for row in rows[order]]
    boxes = _predicted_boxes(found, size)[order] if "boxes" in found else _boxes_of_masks(chosen)
    instances = Instances(size, boxes, found["labels"].numpy()[order].astype(np.int64), chosen, scores=scores[order])
    return instances[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)]


def full_size_masks(found: Mapping[str, torch.Tensor], size: tuple[int, int], at_once: int) -> Iterator[torch.Tensor]:
    """Yield the mask logits ``(n, H, W)`` of ``found`` at ``size`` ``(H, W)``, a chunk of queries at a time.

    As in Mask2Former, they are resized to the padded image of which the network saw, cut to the image in it, and
    resized to the image's own size, bilinearly each time. A chunk has up to ``at_once`` values, and at least a query.
    """
    (height, width), (rows, columns) = found["padded"].tolist(), found["seen"].tolist()
    largest = max(height * width, size[0] * size[1])
    if not len(found["mask_logits"]):
        return  # torch splits nothing into one part of nothing
    for chunk in found["mask_logits"].split(max(1, at_once // largest)):
        # As images of one channel each: torch computes three channels otherwise, to other last bits.
        padded = functional.interpolate(chunk[:, None], (height, width), mode="bilinear", align_corners=False)
        seen = padded[:, :, :rows, :columns]
        yield functional.interpolate(seen, size, mode="bilinear", align_corners=False)[:, 0]


def _boxes_of_masks(masks: Sequence[Rle]) -> npt.NDArray[np.float32]:
    corners = np.array(boxes_of(masks), np.float32).reshape(-1, 4)
    corners[:, 2:] += corners[:, :2]
    return corners


def _predicted_boxes(found: Mapping[str, torch.Tensor], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Return the predicted boxes in pixels of the image, clipped to it."""
    (height, width), (rows, columns) = found["padded"].tolist(), found["seen"].tolist()
    y, x = height * size[0] / rows, width * size[1] / columns
    boxes = found["boxes"].numpy() * np.array([x, y, x, y], np.float32)
    return np.clip(boxes, 0, np.array([size[1], size[0]] * 2, np.float32))


def _encoded(found: Mapping[str, torch.Tensor], size: tuple[int, int]) -> tuple[list[Rle], list[float]]:
    """Return the RLE of each query's mask, and the mean probability of its pixels; 0 without a pixel."""
    masks: list[Rle] = []
    means: list[float] = []
    for chunk in full_size_masks(found, size, _AT_ONCE):
        for logits in chunk:
            inside = logits > 0
            # Summed mask by mask in float64, so that neither the chunk nor the order of sums shows in a score.
            chosen = logits[inside].sigmoid_().double()
            means.append(float(chosen.mean()) if len(chosen) else 0.0)
            region = trimmed(inside.numpy(), 0, size)
            masks.append(cropped_to_rle(region.mask, region.top, region.left, size))
    return masks, means
