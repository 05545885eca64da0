"""Names for types that signatures of several rooms share: label maps, masks, and the choices of options."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

LabelMap = npt.NDArray[np.uint8 | np.uint16]

# A binary mask as COCO's column-major run lengths, compressed: {"size": [H, W], "counts": bytes}.
Rle = dict[str, Any]

Task = Literal["semantic", "instance"]
OverlapRule = Literal["last", "first", "smallest", "highest-index", "priority"]
CrowdRule = Literal["ignore", "include", "skip"]
RiderRule = Literal["absent", "person", "person-over-two-wheeler"]
