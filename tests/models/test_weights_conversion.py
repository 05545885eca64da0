"""Checkpoints become model files that predict: every tensor accounted for, classes named, nothing executed."""

import hashlib
import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from maskwright.errors import UsageError, WeightsError
from maskwright.model_file import read_model_file
from maskwright.models import catalogue
from maskwright.models.catalogue import create_model
from maskwright.models.detectron2.zoo import ZOO
from maskwright.models.weights.download import Hash
from maskwright.models.weights_conversion import convert_weights
from maskwright.prediction.instance import to_image
from maskwright.prediction.resizing import to_network_input
from maskwright.runs.loaded_model import load_model
from tests.file_server import Server
from tests.models.detectron2.conftest import HEADS, tiny
from tests.models.tiny_zoo import SIZES, ZOO_NAME, checkpoint, source_of


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
    assert source_of(tmp_path / "out.safetensors")["file"] == "model.pkl"


def test_a_zoo_file_is_known_under_any_name_and_no_other_file_under_its_name(zoo: Server, tmp_path: Path) -> None:
    own, out = tmp_path / "published.pkl", tmp_path / "out.safetensors"
    convert_weights(own, out)
    assert source_of(out)["address"] == zoo.address
    assert source_of(out)["licence"] == ZOO[ZOO_NAME].licence == "CC BY-SA 3.0"
    other = checkpoint(tmp_path / ZOO[ZOO_NAME].file, classes=80, pixel_std=np.ones((3, 1, 1), np.float32))
    convert_weights(other, out, overwrite=True)
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


def test_predict_pastes_masks_by_the_rule_of_the_model(tmp_path: Path) -> None:
    options = SIZES | {"score_threshold": 0.3}
    convert_weights(
        checkpoint(tmp_path / "model.pkl"), tmp_path / "out.safetensors", classes=["a", "b", "c"], options=options
    )
    loaded = load_model(tmp_path / "out.safetensors", "cpu")
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    found = loaded.predict(image)
    with torch.inference_mode():
        seen = to_network_input(image, loaded.input_size, torch.device("cpu"))
        assert seen.shape == (3, 64, 96)
        own = to_image(loaded.module([seen])[0], (64, 96), (40, 60))
    expected = [
        loaded.module.paste(mask[0], box, (40, 60)) for mask, box in zip(own["masks"], own["boxes"], strict=True)
    ]
    assert len(found) > 0
    assert found.masks == expected
