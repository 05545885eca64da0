"""Painting of objects into one map, in which each pixel belongs to at most one object."""

from collections.abc import Mapping

import numpy as np

from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedImage, AnnotatedObject
from maskwright.masks.bands import pixel_bands
from maskwright.masks.label_map import draw_label_map
from maskwright.structures import LabelMap

VOID = 65535


def paint_objects(
    image: AnnotatedImage, labels: Mapping[str, int], rule: str, audit: ConversionAudit, most: int = VOID - 1
) -> tuple[LabelMap, list[AnnotatedObject]]:
    """Return the map ``(H, W)`` uint16 of object numbers 1..N, and the N objects that have a pixel in it.

    Crowd regions become ``VOID`` where no object lies. ``rule`` is an overlap rule; a rule by class uses the index in
    ``labels``. Objects without pixels, hidden objects and those after the first ``most`` are dropped, and counted in
    ``audit``.
    """
    objects = [each for each in image.objects if not each.crowd]
    crowds = [each.rle for each in image.objects if each.crowd]
    audit.change("crowd_as_void", len(crowds))
    audit.drop("crowd", len(crowds))
    drawn = [each for each in objects if each.area]
    audit.drop("no_pixels", len(objects) - len(drawn))
    audit.drop(f"beyond_{most}_objects", max(0, len(drawn) - most))
    drawn = drawn[:most]
    areas = [each.area for each in drawn]
    numbers = draw_label_map(
        (image.height, image.width),
        [each.rle for each in drawn],
        [labels[each.name] for each in drawn],
        areas,
        rule=rule,
        values=range(1, len(drawn) + 1),
        ignored=crowds,
        ignore_index=VOID,
        dtype=np.uint16,
    )
    # In bands, because bincount takes eight bytes a pixel.
    bands = [band for (band,) in pixel_bands(numbers)]
    counts = (np.bincount(band, minlength=len(drawn) + 1)[: len(drawn) + 1] for band in bands)
    pixels = sum(counts, np.zeros(len(drawn) + 1, np.int64))[1:]
    audit.change("overlap_pixels", sum(areas) - int(pixels.sum()))
    audit.drop("hidden", int((pixels == 0).sum()))
    renumbered = np.zeros(VOID + 1, np.uint16)
    renumbered[1 : len(drawn) + 1] = np.where(pixels > 0, np.cumsum(pixels > 0), 0)
    renumbered[VOID] = VOID
    for band in bands:
        band[...] = renumbered[band]
    return numbers, [each for each, left in zip(drawn, pixels, strict=True) if left]
