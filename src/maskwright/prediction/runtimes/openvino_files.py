"""OpenVINO's files: a graph in ``.xml`` and its weights in ``.bin``, converted from ONNX."""

from collections.abc import Mapping
from pathlib import Path

from maskwright.telemetry import import_silently

openvino = import_silently("openvino")


def write_openvino(source: Path, path: Path, *, metadata: Mapping[str, str]) -> None:
    """Write the ONNX file ``source`` to ``path``, an ``.xml``, and its weights in float32 to the ``.bin`` beside it.

    ``metadata`` are texts that the file carries. OpenVINO's own ``convert_model`` would report usage; reading ONNX does
    not.

    Raises ``RuntimeError`` for an operation that OpenVINO lacks.
    """
    model = openvino.Core().read_model(source)
    for key, text in metadata.items():
        model.set_rt_info(text, [key])
    openvino.save_model(model, path, compress_to_fp16=False)
