"""The rule that finds riders: persons on a bicycle or motorcycle, by their boxes.

It is for data sets that have no class for riders. It uses boxes because the masks of rider and two-wheeler do not meet
where a leg hides the frame, but their boxes do.
"""

import numpy as np
import numpy.typing as npt

TWO_WHEELERS = ("bicycle", "motorcycle")

# The share of the lower half of a person's box that must lie in the box of one two-wheeler.
OVERLAP = 0.5

# The least score of a two-wheeler, so that a doubtful one does not change a certain person.
CONFIDENCE = 0.5


def find_riders(persons: npt.ArrayLike, two_wheelers: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return which ``persons`` ``(N, 4)`` ride one of ``two_wheelers`` ``(M, 4)``, as bool ``(N,)``.

    Boxes are xyxy in pixels. A person rides a two-wheeler when three conditions hold: its box begins above the
    two-wheeler's, it ends below the middle of the two-wheeler's, and at least ``OVERLAP`` of the area of its lower half
    lies in the two-wheeler's. The first two exclude people far behind a near two-wheeler, the third people beside one.
    Each person is matched on its own, so a passenger rides too.
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
