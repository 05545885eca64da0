"""Networks as graphs of ONNX: what the file takes and carries."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.ops import batched_nms

from tests.prediction.invented import Local

pytest.importorskip("onnx")

import onnx

from maskwright.export.graphs import move_with_metadata, output_names, write_onnx
from maskwright.prediction.runtimes.exported_network import open_runtime


class Suppressing(nn.Module):
    """Takes pixels above a half as boxes at their place, and suppresses those of a class that overlap."""

    def forward(self, images: list[torch.Tensor]) -> list[dict[str, torch.Tensor]]:
        """Return the boxes that are kept, each with a mask of one pixel."""
        classes, y, x = torch.where(images[0] > 0.5)
        corners = torch.stack([x, y, x + 4, y + 4], dim=1).to(torch.float32)
        scores = images[0][classes, y, x]
        kept = batched_nms(corners, scores, classes, 0.3)[:5]
        masks = scores[kept][:, None, None, None]
        return [{"boxes": corners[kept], "labels": classes[kept], "scores": scores[kept], "masks": masks}]


def sides(path: Path) -> list[str | int]:
    """The names, or lengths, of the axes of the input."""
    axes = onnx.load(str(path)).graph.input[0].type.tensor_type.shape.dim
    return [axis.dim_param or axis.dim_value for axis in axes]


@pytest.mark.parametrize(("fixed", "expected"), [(False, ["B", 3, "H", "W"]), (True, ["B", 3, 20, 30])])
def test_sizes_are_free_unless_fixed(fixed: bool, expected: list[str | int], tmp_path: Path) -> None:
    write_onnx(Local(), "semantic", torch.rand(3, 20, 30), tmp_path / "a.onnx", fixed=fixed)
    assert sides(tmp_path / "a.onnx") == expected


def test_metadata_are_in_the_file(tmp_path: Path) -> None:
    write_onnx(Local(), "semantic", torch.rand(3, 20, 30), tmp_path / "a.onnx", fixed=True)
    move_with_metadata(tmp_path / "a.onnx", tmp_path / "b.onnx", {"one": "1", "two": "zwei"})
    assert not (tmp_path / "a.onnx").exists()
    found = onnx.load(str(tmp_path / "b.onnx")).metadata_props
    assert {each.key: each.value for each in found} == {"one": "1", "two": "zwei"}


class Halving(nn.Module):
    """Divides by the sizes of its input as a tensor, as deformable attention does."""

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return each image divided by its height and width."""
        sizes = torch.tensor([[images.shape[2], images.shape[3]]], dtype=torch.long, device=images.device)
        return {"logits": images / sizes[0, 0] / sizes[0, 1] + torch.tensor(0.5)}


def test_tensors_of_sizes_are_those_of_each_image(tmp_path: Path) -> None:
    make = torch.tensor
    write_onnx(Halving(), "semantic", torch.rand(3, 20, 30), tmp_path / "a.onnx", fixed=False)
    assert torch.tensor is make
    other = np.random.default_rng(0).random((1, 3, 7, 9), np.float32)
    found = open_runtime(tmp_path / "a.onnx", 1).run(other)["logits"]
    np.testing.assert_allclose(found, other / 63 + 0.5, rtol=1e-6)


class Asking(nn.Module):
    """A query model whose only query answers the mean of the image."""

    arrays = ("scores", "mask_logits")

    def query_arrays(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return scores ``(1, 1)`` and masks ``(1, H, W)``."""
        return {"mask_logits": image.mean(0, keepdim=True), "scores": image.mean().reshape(1, 1)}


def test_a_query_model_answers_its_arrays(tmp_path: Path) -> None:
    assert output_names(Asking(), "instance") == ("scores", "mask_logits")
    assert output_names(Local(), "instance") == ("boxes", "labels", "scores", "masks")
    write_onnx(Asking(), "instance", torch.rand(3, 20, 30), tmp_path / "a.onnx", fixed=False)
    other = np.random.default_rng(0).random((3, 7, 9), np.float32)
    found = open_runtime(tmp_path / "a.onnx", 1).run(other)
    assert list(found) == ["scores", "mask_logits"]
    np.testing.assert_allclose(found["mask_logits"][0], other.mean(0), rtol=1e-6)
    assert float(found["scores"][0, 0]) == pytest.approx(float(other.mean()), rel=1e-6)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_nothing_found_stays_nothing(runtime: str, tmp_path: Path) -> None:
    pytest.importorskip(runtime)
    path, dark = tmp_path / "a.onnx", np.zeros((3, 20, 30), np.float32)
    lit = dark.copy()
    lit[0, 3, [5, 6, 20]] = 0.9, 0.8, 0.7
    lit[1, 3, 5] = 0.6
    write_onnx(Suppressing(), "instance", torch.from_numpy(lit), path, fixed=False)
    if runtime == "openvino":
        import openvino

        openvino.save_model(openvino.convert_model(str(path)), str(tmp_path / "a.xml"), compress_to_fp16=False)
        path = tmp_path / "a.xml"
    for _ in range(10):  # what was in memory before decides what is read too much
        opened = open_runtime(path, 1)
        assert [len(each) for each in opened.run(dark).values()] == [0, 0, 0, 0]
        found = opened.run(lit)
        assert found["scores"].tolist() == pytest.approx([0.9, 0.7, 0.6])
        assert found["labels"].tolist() == [0, 0, 1]
