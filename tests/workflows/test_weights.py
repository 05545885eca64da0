"""Checkpoints to model files that predict: every tensor accounted for, classes named, nothing executed."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from safetensors import safe_open

from maskwright.cli.main import main
from maskwright.errors import UsageError, WeightsError
from maskwright.files import read_json
from maskwright.models.catalogue import build
from maskwright.prediction.instance import predict_instances
from maskwright.prediction.semantic import to_tensor
from maskwright.training.checkpoint import read_model_file
from maskwright.workflows.loaded_model import load_model
from maskwright.workflows.weights import convert_weights, fetch_weights, list_weights
from tests.models.detectron2.conftest import HEADS, TINY, tiny

# What the tensors do not tell: what the tiny network was built with all the same.
SIZES = {"short_side": 64, "longest": 96, "anchor_sizes": TINY["anchor_sizes"], "score_threshold": 0.0,
         "proposals_test": TINY["proposals_test"]}  # fmt: skip


def checkpoint(path: Path, kind: str = "mask_rcnn", classes: int = 3, **more: Any) -> Path:
    """A Detectron2 checkpoint of a tiny network, as ``.pkl`` or ``.pth``."""
    state = tiny(kind, classes).state_dict()
    if path.suffix == ".pth":
        torch.save({"model": state | more, "iteration": 7, "optimizer": {"state": {}}}, path)
    else:
        arrays = {name: value.numpy() for name, value in state.items()}
        path.write_bytes(pickle.dumps({"model": arrays | more, "__author__": "Detectron2 Model Zoo"}, 3))
    return path


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("suffix", [".pkl", ".pth"])
def test_a_checkpoint_becomes_the_model_it_was(kind: str, suffix: str, tmp_path: Path) -> None:
    source = checkpoint(tmp_path / f"model{suffix}", kind)
    done = convert_weights(source, tmp_path / "out.safetensors", classes=["a", "b", "c"], options=SIZES)
    loaded = load_model(tmp_path / "out.safetensors", "cpu")
    assert (done.tensors, done.classes, done.settings) == (len(tiny(kind).state_dict()), 3, [])
    assert loaded.table.names == ["a", "b", "c"]
    picture = torch.rand(3, 40, 60)
    with torch.inference_mode():
        ours = loaded.module([picture])[0]
        own = tiny(kind, score_threshold=0.0, detections=100).eval()([picture])[0]
    assert all(torch.equal(value, own[key]) for key, value in ours.items())


def test_predict_runs_what_was_converted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = checkpoint(tmp_path / "model.pkl"), tmp_path / "out.safetensors"
    cv2.imwrite(str(tmp_path / "photo.png"), np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8))
    sets = [argument for name, value in SIZES.items() for argument in ("--set", f"{name}={value}")]
    assert main(["weights", "convert", str(source), str(out), "--classes", "a,b,c", *sets, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "detectron2_mask_rcnn_resnet50_fpn"
    assert main(["predict", str(out), str(tmp_path / "photo.png"), "--out", str(tmp_path / "p"), "--score", "0"]) == 0
    assert len(read_json(tmp_path / "p" / "instances.json")) > 0
    assert [record["name"] for record in read_json(tmp_path / "p" / "classes.json")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("classes", "first", "last", "size"), [(80, "person", "toothbrush", 800), (8, "person", "bicycle", 1024)]
)
def test_80_classes_are_cocos_and_8_are_those_of_cityscapes(
    classes: int, first: str, last: str, size: int, tmp_path: Path
) -> None:
    convert_weights(checkpoint(tmp_path / "model.pkl", classes=classes), tmp_path / "out.safetensors")
    card, _ = read_model_file(tmp_path / "out.safetensors")
    assert (card.table.names[0], card.table.names[-1]) == (first, last)
    assert card.input["size"] == card.options["short_side"] == size
    if classes == 80:
        assert [c.source_ids for c in card.table][-1] == (90,)
    else:
        assert card.table.names[1] == "rider"


def test_the_file_says_where_it_is_from(tmp_path: Path) -> None:
    source = checkpoint(tmp_path / "model.pkl")
    convert_weights(source, tmp_path / "out.safetensors", classes=["a", "b", "c"])
    with safe_open(tmp_path / "out.safetensors", "pt") as file:
        assert json.loads(file.metadata()["source"])["file"] == "model.pkl"


def test_settings_among_the_weights_are_followed_and_counted(tmp_path: Path) -> None:
    std = np.full((3, 1, 1), 57.5, np.float32)
    source = checkpoint(tmp_path / "model.pkl", pixel_std=std)
    done = convert_weights(source, tmp_path / "out.safetensors", classes=["a", "b", "c"])
    assert done.settings == ["pixel_std"]
    assert load_model(tmp_path / "out.safetensors", "cpu").module.std.flatten().tolist() == [57.5] * 3


def test_a_torchvision_checkpoint_is_converted_likewise(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = build("lraspp_mobilenet_v3_large", 20, {}).eval()
    torch.save(model.network.state_dict(), tmp_path / "lraspp.pth")
    done = convert_weights(tmp_path / "lraspp.pth", tmp_path / "out.safetensors")
    assert (done.model, done.classes) == ("lraspp_mobilenet_v3_large", 20)
    loaded = load_model(tmp_path / "out.safetensors", "cpu")
    assert loaded.table.names[:2] == ["aeroplane", "bicycle"]
    picture = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(loaded.module(picture)["logits"], model(picture)["logits"])


class Code:
    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("suffix", [".pkl", ".pth"])
def test_a_checkpoint_with_code_is_refused_and_does_nothing(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    content = {"model": {"a": Code(tmp_path / "made")}}
    torch.save(content, path) if suffix == ".pth" else path.write_bytes(pickle.dumps(content, 3))
    with pytest.raises(WeightsError, match=r"code|mkdir"):
        convert_weights(path, tmp_path / "out.safetensors")
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("fault", ["cut", "shape", "strange"])
def test_a_damaged_checkpoint_is_refused_and_nothing_is_written(fault: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    if fault == "shape":
        checkpoint(path, **{"roi_heads.box_head.fc2.bias": np.zeros(3, np.float32)})
    elif fault == "strange":
        path.write_bytes(pickle.dumps({"model": {"a": np.zeros(3), "b": np.zeros(2)}}, 3))
    else:
        path.write_bytes(checkpoint(path).read_bytes()[:-1000])
    with pytest.raises(WeightsError, match=r"model\.pkl: .*(expected|remain)"):
        convert_weights(path, tmp_path / "out.safetensors", classes=["a", "b", "c"])
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.pkl"]


def test_options_that_do_not_fit_the_weights_are_refused(tmp_path: Path) -> None:
    source = checkpoint(tmp_path / "model.pkl")
    with pytest.raises(WeightsError, match="does not fit detectron2_mask_rcnn_resnet50_fpn with the options"):
        convert_weights(source, tmp_path / "a.safetensors", classes=["a", "b", "c"], options={"box_features": 7})
    with pytest.raises(UsageError, match="box_feature"):
        convert_weights(source, tmp_path / "a.safetensors", classes=["a", "b", "c"], options={"box_featurs": 7})


def test_names_of_the_classes_are_needed_and_counted(tmp_path: Path) -> None:
    source = checkpoint(tmp_path / "model.pkl")
    with pytest.raises(UsageError, match=r"a model of 3 classes.*--classes"):
        convert_weights(source, tmp_path / "a.safetensors")
    with pytest.raises(UsageError, match="found 2 names"):
        convert_weights(source, tmp_path / "a.safetensors", classes=["a", "b"])


def test_what_is_no_file_and_no_name_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        convert_weights(tmp_path / "lost.pkl", tmp_path / "a.safetensors")
    with pytest.raises(UsageError, match=r"\.safetensors file"):
        convert_weights(checkpoint(tmp_path / "model.pkl"), tmp_path / "a.pth")
    with pytest.raises(UsageError, match="mask_rcnn_R_50_FPN_3x"):
        fetch_weights("mask_rcnn_R_50_FPN_2x")


def test_the_list_has_every_column_of_every_checkpoint(capsys: pytest.CaptureFixture[str]) -> None:
    found = list_weights()
    assert len({weights["name"] for weights in found}) == len(found) >= 16
    columns = {
        "name",
        "publisher",
        "model",
        "weights",
        "trained_on",
        "schedule",
        "box_AP",
        "mask_AP",
        "mIoU",
        "licence",
        "address",
    }
    assert all(set(weights) == columns for weights in found)
    assert main(["weights", "list"]) == 0
    shown = capsys.readouterr().out
    assert all(weights["name"] in shown for weights in found)
    assert main(["weights", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found


def test_predict_pastes_masks_by_the_rule_of_the_model(tmp_path: Path) -> None:
    options = SIZES | {"score_threshold": 0.3}
    convert_weights(
        checkpoint(tmp_path / "model.pkl"), tmp_path / "out.safetensors", classes=["a", "b", "c"], options=options
    )
    loaded = load_model(tmp_path / "out.safetensors", "cpu")
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    found = predict_instances(loaded.module, image)
    with torch.inference_mode():
        own = loaded.module([to_tensor(image, torch.device("cpu"))])[0]
    expected = [
        loaded.module.paste(mask[0], box, (40, 60)) for mask, box in zip(own["masks"], own["boxes"], strict=True)
    ]
    assert len(found) > 0
    assert found.masks == expected
