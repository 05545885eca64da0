"""OpenVINO: networks in ``.xml`` files, whose weights are in the ``.bin`` beside them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwright.files import require_regular_file
from maskwright.model_file import CARD_KEY
from maskwright.prediction.runtimes.runtime import unreadable
from maskwright.telemetry import import_silently

openvino = import_silently("openvino")

# Where a CPU computes in bfloat16, OpenVINO does so unless told otherwise, and the network answers differently.
_PRECISION = "f32"


class OpenVinoRuntime:
    """The network in the ``.xml`` file at ``path``, computed in float32 with so many ``threads``.

    Raises ``WeightsError`` for a file that is damaged, no OpenVINO, or without its ``.bin``.
    """

    def __init__(self, path: Path, threads: int) -> None:
        core = openvino.Core()
        try:
            self._network = core.read_model(require_regular_file(path))
            settings = {"INFERENCE_PRECISION_HINT": _PRECISION, "INFERENCE_NUM_THREADS": threads}
            self._compiled = core.compile_model(self._network, "CPU", settings)
        except Exception as error:  # as in ONNX Runtime
            raise unreadable(path, "OpenVINO", error) from error
        # Those of the compiled network have the names of the operations before them, too.
        self._names = [output.get_any_name() for output in self._network.outputs]

    @property
    def metadata(self) -> Mapping[str, str]:
        """The texts that the file carries beside the network."""
        if not self._network.has_rt_info([CARD_KEY]):
            return {}
        return {CARD_KEY: self._network.get_rt_info([CARD_KEY]).astype(str)}

    @property
    def size(self) -> tuple[int | None, int | None]:
        """The ``(H, W)`` of its input; None for a side that may have any length."""
        shape = self._network.inputs[0].partial_shape
        height, width = (
            None if shape[place].is_dynamic else int(shape[place].get_length())
            for place in (len(shape) - 2, len(shape) - 1)
        )
        return height, width

    def run(self, images: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.generic]]:
        """Return the outputs by name for ``images``, ``(B, 3, H, W)`` or ``(3, H, W)`` RGB in 0..1."""
        found = self._compiled(images)
        # Copied, because the next call writes to the same memory.
        return {name: np.array(found[number]) for number, name in enumerate(self._names)}
