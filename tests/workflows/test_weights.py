"""Checkpoints to model files that predict: every tensor accounted for, classes named, nothing executed."""

import hashlib
import json
import os
import pickle
from collections.abc import Iterator
from dataclasses import replace
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
from maskwright.model_file import read_model_file
from maskwright.models import catalogue
from maskwright.models.catalogue import create_model
from maskwright.models.detectron2.entries import detectron2_entries
from maskwright.models.detectron2.zoo import ZOO
from maskwright.models.weights.download import Hash
from maskwright.prediction.semantic import to_tensor
from maskwright.runs.loaded_model import load_model
from maskwright.workflows.weights import convert_weights, fetch_weights, list_weights
from tests.conftest import CocoFactory
from tests.file_server import Server, serving
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
    assert loaded.classes.names == ["a", "b", "c"]
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
    ("classes", "first", "last", "size", "longest"),
    [(80, "person", "toothbrush", 800, 1333), (8, "person", "bicycle", 1024, 2048)],
)
def test_80_classes_are_cocos_and_8_are_those_of_cityscapes(
    classes: int, first: str, last: str, size: int, longest: int, tmp_path: Path
) -> None:
    convert_weights(checkpoint(tmp_path / "model.pkl", classes=classes), tmp_path / "out.safetensors")
    card, _ = read_model_file(tmp_path / "out.safetensors")
    assert (card.table.names[0], card.table.names[-1]) == (first, last)
    assert card.input["size"] == card.options["short_side"] == size
    assert card.input["longest"] == card.options["longest"] == longest
    if classes == 80:
        assert [c.source_ids for c in card.table][-1] == (90,)
    else:
        assert card.table.names[1] == "rider"


def test_the_file_says_where_it_is_from(tmp_path: Path) -> None:
    source = checkpoint(tmp_path / "model.pkl")
    convert_weights(source, tmp_path / "out.safetensors", classes=["a", "b", "c"])
    with safe_open(tmp_path / "out.safetensors", "pt") as file:
        assert json.loads(file.metadata()["source"])["file"] == "model.pkl"


ZOO_NAME = "mask_rcnn_R_50_FPN_3x"


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The publisher of a zoo model, which here is a tiny network of 80 classes, and an empty folder of downloads."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    content = checkpoint(tmp_path / "published.pkl", classes=80).read_bytes()
    with serving(content) as server:
        server.name = f"model_final_{hashlib.md5(content).hexdigest()[:6]}.pkl"
        monkeypatch.setitem(ZOO, ZOO_NAME, replace(ZOO[ZOO_NAME], address=server.address))
        for entry in detectron2_entries():
            monkeypatch.setitem(catalogue.MODELS, entry.name, entry)
        yield server


def source_of(path: Path) -> dict[str, Any]:
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["source"])


def test_a_published_name_becomes_a_model_file_through_the_network(
    zoo: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zoo.sends = [len(zoo.content) // 4] * 3  # of three tries each: the first command gives up
    assert main(["weights", "fetch", ZOO_NAME]) == 1
    assert "the next try goes on from there" in capsys.readouterr().err
    assert main(["weights", "fetch", ZOO_NAME, "--json"]) == 0
    assert zoo.asked[0] is None
    assert None not in zoo.asked[1:]  # what had come was not sent again
    file = Path(json.loads(capsys.readouterr().out)["file"])
    assert file.read_bytes() == zoo.content
    assert file.is_relative_to(tmp_path / "home")

    asked = len(zoo.asked)
    out = tmp_path / "out.safetensors"
    assert main(["weights", "convert", ZOO_NAME, str(out)]) == 0
    assert len(zoo.asked) == asked  # the file is there and right
    card, _ = read_model_file(out)
    assert (card.name, card.table.names[0]) == ("detectron2_mask_rcnn_resnet50_fpn", "person")
    assert source_of(out)["address"] == zoo.address


def test_convert_fetches_a_published_name_first(zoo: Server, tmp_path: Path) -> None:
    zoo.sends = [1000]  # and goes on where it breaks off
    assert main(["weights", "convert", ZOO_NAME, str(tmp_path / "out.safetensors"), "--quiet"]) == 0
    assert zoo.asked == [None, "bytes=1000-"]


def test_a_zoo_model_is_trained_further_on_other_classes(
    zoo: Server, coco: CocoFactory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = [{"id": number, "file_name": f"{number}.png"} for number in (1, 2)]
    labels = coco(
        *({"category_id": number, "image_id": number} for number in (1, 2)),
        images=images,
        categories={1: "unicorn", 2: "dog"},
    )
    for image in images:
        cv2.imwrite(str(tmp_path / image["file_name"]), np.full((48, 64, 3), 128, np.uint8))
    source = {"images": str(tmp_path), "annotations": str(labels)}
    model = {"name": "detectron2_mask_rcnn_resnet50_fpn", "weights": "coco-3x", "options": TINY | HEADS["mask_rcnn"]}
    sets = [f"data={json.dumps({'train': source, 'validation': source})}", f"model={json.dumps(model)}"]
    sets += ["train.epochs=1", "train.batch_size=2", "train.schedule.warmup_steps=0"]
    arguments = [argument for each in sets for argument in ("--set", each)]
    assert main(["train", "demo-instance", *arguments, "--out", str(tmp_path / "run")]) == 0
    assert "weights coco-3x: " in (told := capsys.readouterr().err)
    assert "; the heads keep what they know of dog, by name\n" in told
    assert read_json(tmp_path / "run" / "card.json")["weights"]["classes"] == ["dog"]


@pytest.mark.parametrize("command", [["fetch", ZOO_NAME], ["convert", ZOO_NAME, "out.safetensors"]])
def test_another_file_at_the_published_address_is_refused_and_removed(
    zoo: Server, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    zoo.content = zoo.content[:-1] + b"x"
    assert main(["weights", *command]) == 1
    told = capsys.readouterr().err
    assert f"expected {zoo.name[-10:-4]}" in told
    assert "was removed" in told
    assert not [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert not (tmp_path / "out.safetensors").exists()


def test_a_zoo_file_is_known_under_any_name_and_no_other_file_under_its_name(zoo: Server, tmp_path: Path) -> None:
    own, out = tmp_path / "published.pkl", tmp_path / "out.safetensors"
    convert_weights(own, out)
    assert source_of(out)["address"] == zoo.address
    assert source_of(out)["licence"] == ZOO[ZOO_NAME].licence == "CC BY-SA 3.0"
    other = checkpoint(tmp_path / ZOO[ZOO_NAME].file, classes=80, pixel_std=np.ones((3, 1, 1), np.float32))
    convert_weights(other, out)
    assert set(source_of(out)) == {"file", "sha256"}


def test_settings_among_the_weights_are_followed_and_counted(tmp_path: Path) -> None:
    std = np.full((3, 1, 1), 57.5, np.float32)
    source = checkpoint(tmp_path / "model.pkl", pixel_std=std)
    done = convert_weights(source, tmp_path / "out.safetensors", classes=["a", "b", "c"])
    assert done.settings == ["pixel_std"]
    assert load_model(tmp_path / "out.safetensors", "cpu").module.std.flatten().tolist() == [57.5] * 3


def test_a_torchvision_checkpoint_is_converted_likewise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    model = create_model("lraspp_mobilenet_v3_large", 20, {}).eval()
    torch.save(model.network.state_dict(), tmp_path / "lraspp.pth")
    # As if this were the published file, under another name.
    entry = catalogue.MODELS["lraspp_mobilenet_v3_large"]
    start = Hash("sha256", hashlib.sha256((tmp_path / "lraspp.pth").read_bytes()).hexdigest()[:8])
    known = {"coco": replace(entry.published["coco"], hash=start)}
    monkeypatch.setitem(catalogue.MODELS, entry.name, replace(entry, published=known))
    done = convert_weights(tmp_path / "lraspp.pth", tmp_path / "out.safetensors")
    assert (done.model, done.classes) == ("lraspp_mobilenet_v3_large", 20)
    loaded = load_model(tmp_path / "out.safetensors", "cpu")
    assert loaded.classes.names[:2] == ["aeroplane", "bicycle"]
    assert source_of(tmp_path / "out.safetensors")["address"] == known["coco"].address
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
    found = loaded.predict(image)
    with torch.inference_mode():
        own = loaded.module([to_tensor(image, torch.device("cpu"))])[0]
    expected = [
        loaded.module.paste(mask[0], box, (40, 60)) for mask, box in zip(own["masks"], own["boxes"], strict=True)
    ]
    assert len(found) > 0
    assert found.masks == expected
