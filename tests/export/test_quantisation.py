"""Quantisation to eight bits: near the network, and not equal to it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.prediction.invented import Local

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from maskwright.export.graphs import write_onnx
from maskwright.export.quantisation import write_quantised
from maskwright.prediction.runtimes.onnx_runtime import OnnxRuntime


def test_eight_bits_are_near_the_network(tmp_path: Path) -> None:
    network, images = Local(), torch.rand(4, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    write_onnx(network, "semantic", images[0], tmp_path / "a.onnx", fixed=False)
    write_quantised(tmp_path / "a.onnx", tmp_path / "b.onnx", "images", (image[None].numpy() for image in images))
    found, expected = OnnxRuntime(tmp_path / "b.onnx", 1).run(images.numpy())["logits"], network(images)["logits"]
    apart = np.abs(np.asarray(found, np.float32) - expected.detach().numpy())
    assert 0 < apart.max() < 0.05 * float(expected.detach().abs().max())
