"""Who rides: persons on a bicycle or motorcycle, told by boxes, for data sets that have no class for riders.

Boxes, not masks: where a leg hides the frame, the masks of rider and two-wheeler do not meet, but their boxes do.
"""

import numpy as np
import numpy.typing as npt

TWO_WHEELERS = ("bicycle", "motorcycle")

# Of the lower half of a person's box, the share that must lie in the box of one two-wheeler.
OVERLAP = 0.5

# The score from which on a two-wheeler counts, so that a doubtful one does not change a certain person.
CONFIDENCE = 0.5


def find_riders(persons: npt.ArrayLike, two_wheelers: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which ``persons`` ``(N, 4)`` ride one of ``two_wheelers`` ``(M, 4)``: ``(N,)``; boxes are xyxy pixels.

    A person rides a two-wheeler when its box begins above the two-wheeler's, ends below the middle of it, and at least
    ``OVERLAP`` of the area of its lower half lies in it. Each person is judged alone: a passenger rides too. The first
    two conditions are against people far behind a near two-wheeler, the third against people beside one.
    """
    person = np.asarray(persons, np.float64).reshape(-1, 1, 4)
    wheels = np.asarray(two_wheelers, np.float64).reshape(1, -1, 4)
    x1, y1, x2, y2 = np.moveaxis(person, -1, 0)
    left, top, right, bottom = np.moveaxis(wheels, -1, 0)
    waist = (y1 + y2) / 2
    width = (np.minimum(x2, right) - np.maximum(x1, left)).clip(0)
    height = (np.minimum(y2, bottom) - np.maximum(waist, top)).clip(0)
    lower_half = (x2 - x1) * (y2 - waist)
    inside = (lower_half > 0) & (width * height >= OVERLAP * lower_half)
    return np.any(inside & (y1 < top) & (y2 > (top + bottom) / 2), axis=1)
