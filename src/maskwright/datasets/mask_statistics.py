"""Pixel counts of label maps, from which class weights and sampling weights are computed."""

import numpy as np
import numpy.typing as npt

from maskwright.errors import DataError
from maskwright.structures import LabelMap


def count_pixels(label_map: LabelMap, classes: int, ignore_index: int) -> npt.NDArray[np.int64]:
    """Return the number of pixels ``(K+1,)`` of every label 0..``classes`` in ``label_map`` ``(H, W)``.

    Pixels of ``ignore_index`` are not counted. Raises ``DataError`` for any other label above ``classes``.
    """
    counts = np.bincount(label_map.ravel(), minlength=classes + 1)
    beyond = [label for label in np.flatnonzero(counts[classes + 1 :]) + classes + 1 if label != ignore_index]
    if beyond:
        raise DataError(
            f"The label map has the labels {', '.join(map(str, beyond[:5]))}; expected 0 to {classes}, or "
            f"{ignore_index} for ignored pixels. Draw the masks again with these classes."
        )
    return counts[: classes + 1].astype(np.int64)
