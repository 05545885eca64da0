"""What one class amounts to in a data set."""

import math
from array import array
from dataclasses import dataclass, field
from typing import Any

from maskwright.annotations.statistics.object_sizes import count_sizes, side_quantiles

# COCO counts the pixels of an image in 32 bits.
MOST_PIXELS = 2.0**32


@dataclass
class ClassCounts:
    """One class: images with an instance of it, instances, crowd regions, and pixels.

    ``pixels`` adds up the masks of the instances; ``covered_pixels`` counts a pixel under several of them once.
    ``areas`` has one area an instance, in square pixels. Crowd regions count in ``crowds`` alone.
    """

    images: int = 0
    instances: int = 0
    crowds: int = 0
    pixels: int = 0
    covered_pixels: int = 0
    areas: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, mask_area: int, area: float, crowd: bool) -> None:
        """Count one object; ``area`` is the file's.

        The mask's stands in where that is negative or not finite; more than any image has pixels counts as so many.
        """
        if crowd:
            self.crowds += 1
            return
        self.instances += 1
        self.pixels += mask_area
        self.areas.append(min(area, MOST_PIXELS) if area >= 0 and math.isfinite(area) else mask_area)

    def to_json(self) -> dict[str, Any]:
        """The counts, small, medium and large instances, and the median side in pixels; null without instances."""
        return {
            "images": self.images,
            "instances": self.instances,
            "crowds": self.crowds,
            "pixels": self.pixels,
            "covered_pixels": self.covered_pixels,
            **count_sizes(self.areas),
            "median_side": side_quantiles(self.areas, [0.5])[0] if self.areas else None,
        }
