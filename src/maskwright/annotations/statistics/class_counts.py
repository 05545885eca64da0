"""The counts of one class in a data set."""

import math
from array import array
from dataclasses import dataclass, field
from typing import Any

from maskwright.annotations.statistics.object_sizes import count_sizes, side_quantiles

# COCO counts the pixels of an image in 32 bits.
MOST_PIXELS = 2.0**32


@dataclass
class ClassCounts:
    """The counts of one class: images with an instance, instances, crowd regions, and pixels.

    ``pixels`` is the sum of the instances' mask areas; ``covered_pixels`` counts a pixel under several of them once.
    ``areas`` has the area of each instance in square pixels. Crowd regions count in ``crowds`` alone.
    """

    images: int = 0
    instances: int = 0
    crowds: int = 0
    pixels: int = 0
    covered_pixels: int = 0
    areas: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, mask_area: int, area: float, crowd: bool) -> None:
        """Count one object by the area of its mask and the ``area`` of the file, both in square pixels.

        The mask's area replaces a file area that is negative or not finite. A file area above 2³², more than COCO
        allows an image, counts as 2³².
        """
        if crowd:
            self.crowds += 1
            return
        self.instances += 1
        self.pixels += mask_area
        self.areas.append(min(area, MOST_PIXELS) if area >= 0 and math.isfinite(area) else mask_area)

    def to_json(self) -> dict[str, Any]:
        """Return the counts, the instances by size, and the median side in pixels (None without instances)."""
        return {
            "images": self.images,
            "instances": self.instances,
            "crowds": self.crowds,
            "pixels": self.pixels,
            "covered_pixels": self.covered_pixels,
            **count_sizes(self.areas),
            "median_side": side_quantiles(self.areas, [0.5])[0] if self.areas else None,
        }
