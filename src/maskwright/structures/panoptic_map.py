"""Panoptic maps: the segment that each pixel belongs to, and the class of each segment."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SegmentIds = npt.NDArray[np.integer]


@dataclass(frozen=True)
class PanopticSegment:
    """One segment of a :class:`PanopticMap`: an object of a thing class, or all pixels of a stuff class.

    Attributes:
        id: Value of its pixels in the map, from 1.
        label: Its class: the index in a class table, from 1.
        crowd: Whether it is a region of objects that nobody separated, which counts neither for nor against a
            prediction. Only in the truth.
        area: Its area in pixels as its source states it; None where the pixels are counted.

    Example:
        >>> from maskwright import PanopticSegment
        >>> PanopticSegment(id=1, label=2).crowd
        False
    """

    id: int
    label: int
    crowd: bool = False
    area: int | None = None


@dataclass(frozen=True)
class PanopticMap:
    """The segments of one image, without overlaps: each pixel belongs to one segment or to none.

    Attributes:
        ids: Segment id of each pixel ``(H, W)``, any integer type. 0 is void: pixels of no segment, which in the truth
            are not labelled.
        segments: The segments, each with an id of its own.

    Example:
        >>> import numpy as np
        >>> from maskwright import PanopticMap, PanopticSegment
        >>> road_and_car = PanopticMap(np.array([[1, 1], [1, 2]]), (PanopticSegment(1, 1), PanopticSegment(2, 2)))
        >>> road_and_car.ids.shape
        (2, 2)
    """

    ids: SegmentIds
    segments: tuple[PanopticSegment, ...]
