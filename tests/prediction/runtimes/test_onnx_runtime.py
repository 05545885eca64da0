"""ONNX Runtime: its answers are the network's, and damaged files are refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from maskwright.errors import WeightsError
from tests.prediction.invented import Local

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import onnx

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


@pytest.mark.parametrize("place", ["weights.bin", "../weights.bin", "/etc/hostname"])
def test_weights_in_other_files_are_not_read(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    monkeypatch.chdir(folder)
    write_onnx(Local(), "semantic", torch.rand(3, 20, 30), folder / "a.onnx", fixed=True)
    model = onnx.load(str(folder / "a.onnx"))
    onnx.save(model, "b.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    (tmp_path / "weights.bin").write_bytes((folder / "weights.bin").read_bytes())
    model = onnx.load("b.onnx", load_external_data=False)
    for weights in model.graph.initializer:
        for entry in weights.external_data:
            entry.value = place if entry.key == "location" else entry.value
    onnx.save(model, "c.onnx")
    with pytest.raises(WeightsError, match=r"c\.onnx: cannot be read as ONNX"):
        OnnxRuntime(folder / "c.onnx", 1)


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x08\x08" * 40])
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(content)
    with pytest.raises(WeightsError, match=r"a\.onnx: cannot be read as ONNX"):
        OnnxRuntime(tmp_path / "a.onnx", 1)
