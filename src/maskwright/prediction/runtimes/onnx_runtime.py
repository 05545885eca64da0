"""ONNX Runtime: networks in ``.onnx`` files."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from maskwright.files import require_regular_file
from maskwright.prediction.runtimes.runtime import unreadable
from maskwright.telemetry import import_silently

onnxruntime = import_silently("onnxruntime")

_ERRORS_ONLY = 3
_EXTERNAL_FOLDER = "session.model_external_initializers_file_folder_path"


class OnnxRuntime:
    """The network in the ``.onnx`` file at ``path``, computed with so many ``threads``.

    Raises ``WeightsError`` for a file that is damaged, no ONNX, or has its weights in other files.
    """

    def __init__(self, path: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = _ERRORS_ONLY
        # A thread that spins while it waits takes its core from other programs, see parallel/waiting_threads.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # A graph may name other files that hold its weights. Below a file there are none, so that none is read.
        options.add_session_config_entry(_EXTERNAL_FOLDER, str(path.resolve() / "none"))
        try:
            content = require_regular_file(path).read_bytes()
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
            self._input = self._session.get_inputs()[0]
        except Exception as error:  # it raises whatever a damaged field leads it to
            raise unreadable(path, "ONNX", error) from error
        self._names = [each.name for each in self._session.get_outputs()]

    @property
    def metadata(self) -> Mapping[str, str]:
        """The texts that the file carries beside the network."""
        return self._session.get_modelmeta().custom_metadata_map

    @property
    def size(self) -> tuple[int | None, int | None]:
        """The ``(H, W)`` of its input; None for a side that may have any length."""
        height, width = (side if isinstance(side, int) else None for side in self._input.shape[-2:])
        return height, width

    def run(self, images: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.generic]]:
        """Return the outputs by name for ``images``, ``(B, 3, H, W)`` or ``(3, H, W)`` RGB in 0..1."""
        found = self._session.run(self._names, {self._input.name: images})
        return dict(zip(self._names, cast("list[npt.NDArray[np.generic]]", found), strict=True))
