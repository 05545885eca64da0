"""Making of an exported file: free sizes where the network allows them, a fixed one where it does not."""

import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from maskwright.errors import UsageError, WeightsError
from maskwright.images.resize import InputSize
from maskwright.model_file import ModelCard, write_model_file
from maskwright.models.catalogue import create_model
from maskwright.models.detectron2.pasting import paste_detectron2_mask
from maskwright.models.weights_conversion import convert_weights
from maskwright.runs.loaded_model import LoadedModel, load_model
from maskwright.structures import ClassTable
from tests.models.tiny_zoo import SIZES, checkpoint

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from maskwright.runs.exports import making
from maskwright.runs.exports.making import Making, require_target

IMAGE = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)


def untrained(name: str, folder: Path, options: dict, resize: str = "square", task: str = "semantic") -> LoadedModel:
    """A model of the catalogue with random weights, loaded from its file."""
    torch.manual_seed(0)
    module = create_model(name, 3, options).eval()
    table = ClassTable.from_names(["a", "b", "c"])
    size = {"resize": resize, "size": 96 if "PSPNet" in name else 64, "multiple": 1, "longest": None}
    card = ModelCard(name, task, options, table.to_json(), size, 0, {}, "")  # type: ignore[arg-type]
    write_model_file(folder / "model.safetensors", card, module.state_dict(), {})
    return load_model(folder / "model.safetensors", "cpu")


@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [
        ("residual_attention_unet", {"widths": [4, 8], "bottleneck": 8}, ["B", 3, "H", "W"]),
        ("lraspp_mobilenet_v3_small", {}, ["B", 3, "H", "W"]),
        ("smp:Unet/mobilenet_v2", {}, ["B", 3, "H", "W"]),
        # Its pyramid pools to grids that ONNX must know.
        ("smp:PSPNet/mobilenet_v2", {}, ["B", 3, 96, 96]),
    ],
)
def test_sizes_are_free_where_the_network_allows(name: str, options: dict, shape: list, tmp_path: Path) -> None:
    model = untrained(name, tmp_path, options)
    made = Making(model, "onnx", False, IMAGE).write(tmp_path / "a.onnx", [])
    assert made["input"]["shape"] == shape
    exported = load_model(tmp_path / "a.onnx")
    assert (exported.predict(IMAGE) == model.predict(IMAGE)).mean() > 0.999


def test_a_fixed_size_for_images_of_any_is_refused(tmp_path: Path) -> None:
    model = untrained("smp:PSPNet/mobilenet_v2", tmp_path, {}, resize="short-side")
    with pytest.raises(WeightsError, match="cannot be exported to onnx"):
        Making(model, "onnx", False, IMAGE).write(tmp_path / "a.onnx", [])


SMALL = {"proposals_test": 20, "pyramid_channels": 8, "box_features": 16, "mask_channels": [8], "score_threshold": 0.0}


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("mask_rcnn", {}),
        ("mask_rcnn", {"aligned": True, "class_agnostic_boxes": True, "class_agnostic_masks": True}),
        ("mask_rcnn", {"mask_scoring": True}),
        ("cascade_mask_rcnn", {}),
        ("panet", {"mask_channels": [8, 8]}),
        ("point_rend", {"coarse_features": 16, "point_features": 8}),
    ],
)
def test_every_kind_of_the_mask_rcnn_family_is_exported(kind: str, options: dict, tmp_path: Path) -> None:
    model = untrained(f"{kind}_small", tmp_path, SMALL | options, "short-side", "instance")
    assert model.input_size == InputSize(False, 64, 1, 128, "torchvision")
    require_equal_answers(model, tmp_path)


@pytest.mark.parametrize("kind", ["mask_rcnn", "point_rend"])
def test_detectron2_s_networks_are_exported_with_their_rule_of_pasting(kind: str, tmp_path: Path) -> None:
    source = checkpoint(tmp_path / "model.pkl", kind)
    convert_weights(source, tmp_path / "model.safetensors", classes=["a", "b", "c"], options=SIZES)
    model = load_model(tmp_path / "model.safetensors", "cpu")
    require_equal_answers(model, tmp_path)
    assert load_model(tmp_path / "a.onnx").module.paste is paste_detectron2_mask


def require_equal_answers(model: LoadedModel, tmp_path: Path) -> None:
    made = Making(model, "onnx", False, IMAGE).write(tmp_path / "a.onnx", [])
    assert made["input"]["shape"] == [3, "H", "W"]
    exported = load_model(tmp_path / "a.onnx")
    for image in (IMAGE, IMAGE[:40], IMAGE[::-1, :70]):
        image = np.ascontiguousarray(image)
        one, other = model.predict(image), exported.predict(image)
        assert len(one) == len(other) > 0
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-4)
        np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-2)


def test_the_suffix_is_that_of_the_runtime() -> None:
    require_target("onnx", Path("a.onnx"))
    with pytest.raises(UsageError, match=r"ends with \.xml"):
        require_target("openvino", Path("a.onnx"))


def test_a_ctrl_c_that_the_tracer_turns_into_an_error_gives_no_file_of_a_fixed_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torch answers a Ctrl-C in a callback of its C++ with errors of its own; the file would differ silently."""
    model, fixed_sizes = untrained("lraspp_mobilenet_v3_small", tmp_path, {}), []

    def turned(*_: object, fixed: bool) -> None:
        fixed_sizes.append(fixed)
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ValueError("could not determine the shape of object type") from None

    monkeypatch.setattr(making, "write_onnx", turned)
    with pytest.raises(KeyboardInterrupt):
        Making(model, "onnx", False, IMAGE).write(tmp_path / "a.onnx", [])
    assert fixed_sizes == [False]
