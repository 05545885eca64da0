"""Prediction in bfloat16, and with a compiled network."""

import numpy as np
import pytest
import torch

from maskwright.errors import UsageError
from maskwright.images.resize import InputSize
from maskwright.models.catalogue import create_model
from maskwright.prediction.computation import Precision, compile_network, computing_in, require_precision
from maskwright.prediction.predictor import Predictor
from maskwright.structures import ClassTable

TABLE = ClassTable.from_names(["cat", "dog"])


def predictor(precision: Precision = "fp32") -> Predictor:
    torch.manual_seed(0)
    module = create_model("residual_attention_unet", 2, {"widths": [4, 8]}).eval()
    return Predictor(module, "semantic", TABLE, InputSize(True, 32), file=None, precision=precision)


def images() -> list[np.ndarray]:
    return [np.random.default_rng(seed).integers(0, 256, (40, 50, 3)).astype(np.uint8) for seed in range(3)]


def test_products_are_computed_in_bfloat16() -> None:
    ones = torch.ones(2, 2)
    with computing_in("bf16", torch.device("cpu")):
        assert (ones @ ones).dtype == torch.bfloat16
    with computing_in("fp32", torch.device("cpu")):
        assert (ones @ ones).dtype == torch.float32


def test_bfloat16_rounds_and_stays_near() -> None:
    pairs = [(None, image) for image in images()]
    exact, rounded = ([pixels for _, _, pixels in predictor(precision).pixels(pairs)] for precision in ("fp32", "bf16"))
    differences = [np.abs(a.confidence - b.confidence) for a, b in zip(exact, rounded, strict=True)]
    assert 0 < max(each.max() for each in differences) < 0.05
    assert all(each.confidence.dtype == np.float32 for each in rounded)


def test_another_precision_is_refused() -> None:
    with pytest.raises(UsageError, match="int8"):
        require_precision("int8")


def test_without_a_compiler_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch._inductor.config.cpp.cxx", ("no-such-compiler",))
    with pytest.raises(UsageError, match="no C\\+\\+ compiler"):
        compile_network(predictor().module, torch.device("cpu"))


@pytest.mark.slow
@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_a_compiled_network_predicts_the_same(task: str) -> None:
    torch.manual_seed(0)
    if task == "semantic":
        model = predictor()
        expected = model.predict(images())
        compile_network(model.module, torch.device("cpu"))
        found = model.predict(images())
        assert all((a != b).mean() < 1e-3 for a, b in zip(found, expected, strict=True))
        return
    module = create_model("mask_rcnn:resnet18", 2, {"short_side": 64, "longest": 96, "detections": 10}).eval()
    model = Predictor(module, "instance", TABLE, InputSize(False, 64, 1, 96, "torchvision"), file=None)
    expected = model.predict(images())
    compile_network(module, torch.device("cpu"))
    for one, other in zip(model.predict(images()), expected, strict=True):
        assert one.labels.tolist() == other.labels.tolist()
        np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-2)
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-4)
