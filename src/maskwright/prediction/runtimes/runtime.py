"""The interface of a runtime: a network in a file, which ONNX Runtime or OpenVINO computes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from maskwright.errors import WeightsError, one_line

ONNX, OPENVINO = ".onnx", ".xml"


class Runtime(Protocol):
    """A network that takes one array and returns arrays by name; it computes on the CPU."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """The texts that the file carries beside the network."""
        ...

    @property
    def size(self) -> tuple[int | None, int | None]:
        """The ``(H, W)`` of its input; None for a side that may have any length."""
        ...

    def run(self, images: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.generic]]:
        """Return the outputs by name for ``images``, ``(B, 3, H, W)`` or ``(3, H, W)`` RGB in 0..1."""
        ...


def unreadable(path: Path, kind: str, error: Exception) -> WeightsError:
    """Return the error for a file that the library of its ``kind`` cannot read."""
    return WeightsError(f"{path}: cannot be read as {kind} ({one_line(error):.300}). Export or copy it again.")
