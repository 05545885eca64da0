"""How many pixels of each class a label map has: what class weights and sampling are computed from."""

import numpy as np
import numpy.typing as npt

from maskwright.errors import DataError
from maskwright.structures import LabelMap


def count_pixels(label_map: LabelMap, classes: int, ignore_index: int) -> npt.NDArray[np.int64]:
    """The pixels ``(K+1,)`` of every label 0..``classes`` in ``label_map`` ``(H, W)``; ignored ones do not count.

    Raises ``DataError`` for a label beyond the classes that is not ``ignore_index``.
    """
    counts = np.bincount(label_map.ravel(), minlength=classes + 1)
    beyond = [label for label in np.flatnonzero(counts[classes + 1 :]) + classes + 1 if label != ignore_index]
    if beyond:
        raise DataError(
            f"The label map has the labels {', '.join(map(str, beyond[:5]))}; expected 0 to {classes}, or "
            f"{ignore_index} for ignored pixels. Draw the masks again with these classes."
        )
    return counts[: classes + 1].astype(np.int64)
