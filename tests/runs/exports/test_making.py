"""Making of an exported file: free sizes where the network allows them, a fixed one where it does not."""

import json
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
from maskwright.prediction.runtimes.exported_network import open_runtime
from maskwright.runs.loaded_model import LoadedModel, load_model
from maskwright.structures import ClassTable
from maskwright.synthetic.shapes import draw_image
from tests.models.tiny_zoo import SIZES, checkpoint
from tests.models.transformers.small_queries import EOMT, RF_DETR
from tests.models.transformers.small_queries import SMALL as MASK2FORMER
from tests.models.transformers.test_entries import SMALL_SWIN

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from maskwright.export.certificate import Certificate
from maskwright.models.transformers.mask2former import SWIN_BACKBONES
from maskwright.runs.exports import making
from maskwright.runs.exports.certification import Certification
from maskwright.runs.exports.making import SUFFIXES, Making, Target, require_target

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


EOMT_128 = EOMT | {"image_size": 128}


QUERY_MODELS = [
    ("mask2former_tiny", MASK2FORMER, "short-side", [3, "H", "W"]),
    ("eomt_tiny_semantic", EOMT_128, "square", ["B", 3, "H", "W"]),
    # Its positions are learnt for another size than that of its images, and interpolated.
    ("rf_detr_seg_tiny", RF_DETR | {"image_size": 96}, "square", [3, 64, 64]),
]
TRANSFORMERS = [
    *QUERY_MODELS,
    ("segformer_b0", {}, "square", ["B", 3, "H", "W"]),
    ("mask2former_tiny_semantic", MASK2FORMER, "short-side", ["B", 3, "H", "W"]),
    ("mask2former_swin_tiny", MASK2FORMER, "short-side", [3, "H", "W"]),
    ("eomt_tiny", EOMT_128, "short-side", [3, "H", "W"]),
    ("eomt_dinov3_small", EOMT_128, "short-side", [3, "H", "W"]),
    ("rf_detr_seg_tiny", RF_DETR, "square", [3, 64, 64]),
]


@pytest.mark.parametrize(
    ("to", "case"), [*(("onnx", case) for case in TRANSFORMERS), *(("openvino", case) for case in QUERY_MODELS)]
)
def test_networks_of_queries_and_transformers_answer_alike_in_both_runtimes(
    to: Target, case: tuple[str, dict, str, list], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if to == "openvino":
        pytest.importorskip("openvino")
    monkeypatch.setitem(SWIN_BACKBONES, "swin_tiny", SMALL_SWIN)
    name, options, resize, shape = case
    model = untrained(name, tmp_path, options, resize, "semantic" if shape[0] == "B" else "instance")
    drawn = draw_image(0)[0]
    images = {"wide": drawn, "tall": np.ascontiguousarray(drawn[:, :40])}
    file = tmp_path / f"a{SUFFIXES[to]}"
    assert Making(model, to, False, drawn).write(file, [])["input"]["shape"] == shape
    certificate = Certificate("shapes", 1e-4)
    Certification(model, load_model(file, "cpu"), certificate).compare(images.items())
    certificate.require_accepted("it")
    assert all(each.compared > 0 for each in certificate.agreements)


def test_a_query_model_says_how_it_pads_and_whose_code_it_is(tmp_path: Path) -> None:
    model = untrained("eomt_tiny", tmp_path, EOMT_128, "short-side", "instance")
    made = Making(model, "onnx", False, IMAGE).write(tmp_path / "a.onnx", [])
    assert made["input"]["padding"] == {"multiple": 32, "side": 128}
    assert [each["name"] for each in made["output"]] == ["scores", "mask_logits"]
    exported = load_model(tmp_path / "a.onnx")
    with pytest.raises(UsageError, match="takes at most 128"):
        exported.module([torch.rand(3, 200, 100)])


def test_materials_of_the_model_are_handed_on(tmp_path: Path) -> None:
    model = untrained("residual_attention_unet", tmp_path, {"widths": [4, 8], "bottleneck": 8})
    bill = [{"part": "code", "name": "maskwright", "licence": "Apache-2.0", "terms": "open"},
            {"part": "weights", "name": "some.pth", "licence": "CC BY-NC 4.0", "terms": "non-commercial"}]  # fmt: skip
    write_model_file(model.file, model.card, model.module.state_dict(), {}, bill)
    made = Making(model, "onnx", False, IMAGE).write(tmp_path / "a.onnx", [])
    assert [(each["of"], each["licence"]) for each in made["licences"]] == [
        ("maskwright", "Apache-2.0"), ("some.pth", "CC BY-NC 4.0"),
    ]  # fmt: skip
    runtime = open_runtime(tmp_path / "a.onnx", 1)
    assert json.loads(runtime.metadata["materials"]) == bill


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
