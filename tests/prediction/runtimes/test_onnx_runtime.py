"""ONNX Runtime: its answers are the network's, and damaged files are refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from maskwright.errors import WeightsError
from tests.prediction.invented import Local

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from maskwright.export.graphs import write_onnx
from maskwright.prediction.runtimes.onnx_runtime import OnnxRuntime


@pytest.mark.parametrize(("fixed", "size"), [(False, (None, None)), (True, (20, 30))])
def test_it_answers_as_the_network_does(fixed: bool, size: tuple[int | None, int | None], tmp_path: Path) -> None:
    network, images = Local(), torch.rand(3, 3, 20, 30)
    write_onnx(network, "semantic", images[0], tmp_path / "a.onnx", fixed=fixed)
    runtime = OnnxRuntime(tmp_path / "a.onnx", 1)
    assert runtime.size == size
    expected = network(images)["logits"].detach().numpy()
    np.testing.assert_allclose(runtime.run(images.numpy())["logits"], expected, atol=1e-4)


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x08\x08" * 40])
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(content)
    with pytest.raises(WeightsError, match=r"a\.onnx: cannot be read as ONNX"):
        OnnxRuntime(tmp_path / "a.onnx", 1)
