"""Networks as graphs of ONNX: what the file takes and carries."""

from pathlib import Path

import pytest
import torch

from tests.prediction.invented import Local

pytest.importorskip("onnx")

import onnx

from maskwright.export.graphs import move_with_metadata, write_onnx


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
