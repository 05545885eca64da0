"""Overlays of panoptic maps on images: the colour tells the class, a white line separates segments."""

import numpy as np

from maskwright.images.draw import overlay_label_map
from maskwright.images.lettering import Image
from maskwright.masks.segment_coding import classes_of_pixels
from maskwright.structures import ClassTable, PanopticMap


def overlay_segments(image: Image, found: PanopticMap, table: ClassTable, with_legend: bool = False) -> Image:
    """Return ``image`` ``(H, W, 3)`` with the segments of ``found`` blended in; labels are indices of ``table``.

    Crowd regions are hatched grey, void pixels stay as they are. ``with_legend`` adds the names of the classes below.
    """
    drawn = overlay_label_map(image, classes_of_pixels(found, table), table, with_legend=with_legend)
    ids, edges = found.ids, np.zeros(found.ids.shape, np.bool_)
    edges[:, 1:] |= (ids[:, 1:] != ids[:, :-1]) & (ids[:, 1:] > 0) & (ids[:, :-1] > 0)
    edges[1:] |= (ids[1:] != ids[:-1]) & (ids[1:] > 0) & (ids[:-1] > 0)
    drawn[: len(image)][edges] = 255
    return drawn
