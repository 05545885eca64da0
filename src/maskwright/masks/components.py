"""Masks of the labels of a label map, and the connected components of a mask."""

import numpy as np

from maskwright.masks.contours import polygons_to_rle, polygons_with_holes
from maskwright.masks.rle import compress
from maskwright.structures import LabelMap, Rle


def masks_by_label(label_map: LabelMap) -> dict[int, Rle]:
    """Return the mask of every label but 0 in a label map ``(H, W)``, by ascending label."""
    height, width = label_map.shape
    pixels = label_map.T.ravel()
    changes = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    starts, stops = np.concatenate(([0], changes)), np.concatenate((changes, [pixels.size]))
    labels = pixels[starts]
    order = np.argsort(labels, kind="stable")
    present, first = np.unique(labels[order], return_index=True)
    found = {}
    for label, runs in zip(present.tolist(), np.split(order, first[1:]), strict=True):
        if label:
            edges = np.stack([starts[runs], stops[runs]], axis=1).ravel()
            lengths = np.diff(np.concatenate(([0], edges, [pixels.size])))
            found[label] = compress(lengths if lengths[-1] else lengths[:-1], height, width)
    return found


def components(rle: Rle) -> list[Rle]:
    """Return the 4-connected components of a mask as masks, from the top down."""
    height, width = rle["size"]
    return [polygons_to_rle([part], height, width) for part in polygons_with_holes(rle)]
