"""The published weights that are known, and how a file of them comes to this machine."""

import hashlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from maskwright.cli.main import main
from maskwright.errors import UsageError
from maskwright.models import catalogue, published_weights
from maskwright.models.entry import hub_weights
from maskwright.models.listing import records
from maskwright.models.published_weights import fetch_weights, list_weights
from maskwright.models.weights import torchvision_checkpoints
from maskwright.models.weights.hub import HubFile
from maskwright.models.weights.licences import LICENCES
from maskwright.progress import Reporter
from tests.file_server import Server
from tests.models.tiny_zoo import ZOO_NAME

COLUMNS = "name publisher model weights trained_on schedule box_AP mask_AP mIoU licence terms accept code address"


def test_every_checkpoint_has_every_column_and_a_name_of_its_own() -> None:
    found = list_weights()
    assert len({weights["name"] for weights in found}) == len(found) >= 16
    assert all(set(weights) == set(COLUMNS.split()) for weights in found)


def test_every_checkpoint_has_a_figure_of_its_publisher() -> None:
    assert [each["name"] for each in list_weights() if not (each["mask_AP"] or each["mIoU"])] == []


def test_a_recipe_finds_the_listed_checkpoint_under_its_model_and_weights() -> None:
    for each in list_weights():
        published = catalogue.find_published_weights(each["model"], each["weights"])
        assert published is not None, each["name"]
        assert published.address == each["address"]


def test_a_model_of_the_zoo_is_fetched_once_into_torchs_folder(
    zoo: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = fetch_weights(ZOO_NAME)
    assert file.read_bytes() == zoo.content
    assert file.is_relative_to(tmp_path / "home")
    assert f"{ZOO_NAME}: " in capsys.readouterr().err
    asked = len(zoo.asked)
    assert fetch_weights(ZOO_NAME, Reporter(quiet=True)) == file
    assert len(zoo.asked) == asked


def test_a_checkpoint_of_torchvision_is_fetched_by_the_hash_in_its_name(
    zoo: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo.name = f"deeplab-{hashlib.sha256(zoo.content).hexdigest()[:8]}.pth"
    known = {"deeplab": SimpleNamespace(url=zoo.address, meta={"_metrics": {"COCO": {"miou": 66.4}}})}
    monkeypatch.setattr(torchvision_checkpoints, "published_checkpoints", lambda: known)
    file = fetch_weights("torchvision_deeplab", Reporter(quiet=True))
    assert file == tmp_path / "home" / "hub" / "checkpoints" / zoo.name
    assert file.read_bytes() == zoo.content


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="mask_rcnn_R_50_FPN_3x"):
        fetch_weights("mask_rcnn_R_50_FPN_2x")


def test_licences_are_those_of_the_publisher_and_of_the_code() -> None:
    found = {each["name"]: each for each in list_weights()}
    zoo, torchvision = found["mask_rcnn_R_50_FPN_3x"], found["torchvision_fcn_resnet50"]
    assert (zoo["licence"], zoo["terms"], zoo["accept"]) == ("CC BY-SA 3.0", "open", None)
    assert (torchvision["licence"], torchvision["terms"]) == (None, "unstated")
    assert torchvision["code"] == {"maskwright": "Apache-2.0", "torchvision": "BSD-3-Clause"}


def test_weights_on_the_hub_are_listed_and_fetched_once_their_licence_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = HubFile("maker/net", "a" * 40, "model.safetensors", "b" * 64)
    entry = catalogue.MODELS["fcn_resnet50"]
    known = {**entry.published, "ade20k": hub_weights(file, LICENCES["dinov3-license"])}
    monkeypatch.setitem(catalogue.MODELS, entry.name, replace(entry, published=known))
    monkeypatch.setattr(published_weights, "fetch_hub_file", lambda wanted: tmp_path / wanted.sha256)
    [listed] = [each for each in list_weights() if each["publisher"] == "Hugging Face"]
    assert (listed["name"], listed["accept"]) == ("fcn_resnet50/ade20k", "dinov3-license")
    monkeypatch.setattr(records, "_listing", lambda: {"models": [], "weights": list_weights()})
    assert main(["weights", "list"]) == 0
    assert "DINOv3 License, special: --accept-licence dinov3-license" in capsys.readouterr().out
    assert main(["weights", "fetch", "fcn_resnet50/ade20k"]) == 2
    assert "licence dinov3-license (DINOv3 License, special, https://" in capsys.readouterr().err
    assert main(["weights", "fetch", "fcn_resnet50/ade20k", "--accept-licence", "dinov3-license"]) == 0
    assert main(["weights", "fetch", "fcn_resnet50/ade20k"]) == 0
    assert str(tmp_path / ("b" * 64)) in capsys.readouterr().out
