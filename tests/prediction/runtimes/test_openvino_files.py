"""OpenVINO's files: the answers of the ONNX file, in float32, with its metadata."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.prediction.invented import Local

pytest.importorskip("openvino")
pytest.importorskip("onnx")

from maskwright.export.graphs import write_onnx
from maskwright.prediction.runtimes.openvino_files import write_openvino
from maskwright.prediction.runtimes.openvino_runtime import OpenVinoRuntime


def test_the_files_answer_as_the_network_does(tmp_path: Path) -> None:
    network, images = Local(), torch.rand(2, 3, 20, 30)
    write_onnx(network, "semantic", images[0], tmp_path / "a.onnx", fixed=False)
    write_openvino(tmp_path / "a.onnx", tmp_path / "a.xml", metadata={"maskwright": '{"a": "<1>"}'})
    assert (tmp_path / "a.bin").is_file()
    runtime = OpenVinoRuntime(tmp_path / "a.xml", 1)
    assert runtime.metadata["maskwright"] == '{"a": "<1>"}'
    found = runtime.run(images.numpy())["logits"]
    np.testing.assert_allclose(found, network(images)["logits"].detach().numpy(), atol=1e-4)
