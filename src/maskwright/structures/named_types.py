"""Type names that signatures of several rooms share: label maps and the values of options."""

from typing import Literal

import numpy as np
import numpy.typing as npt

LabelMap = npt.NDArray[np.uint8 | np.uint16]

Task = Literal["semantic", "instance", "panoptic"]
OverlapRule = Literal["last", "first", "smallest", "highest-index", "priority"]
CrowdRule = Literal["ignore", "include", "skip"]
AreaRule = Literal["mask", "box"]
RiderRule = Literal["absent", "person", "person-over-two-wheeler"]
