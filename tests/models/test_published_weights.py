"""The published weights that are known, and how a file of them comes to this machine."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from maskwright.errors import UsageError
from maskwright.models import catalogue
from maskwright.models.published_weights import fetch_weights, list_weights
from maskwright.models.weights import torchvision_checkpoints
from maskwright.progress import Reporter
from tests.file_server import Server
from tests.models.tiny_zoo import ZOO_NAME

COLUMNS = "name publisher model weights trained_on schedule box_AP mask_AP mIoU licence address"


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
