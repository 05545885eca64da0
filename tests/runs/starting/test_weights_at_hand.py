"""Published weights count as at hand where their whole file lies in torch's folder; nothing is fetched."""

import hashlib
from pathlib import Path

import pytest

from maskwright.errors import UsageError
from maskwright.models.catalogue import find_model
from maskwright.models.entry import PublishedWeights
from maskwright.models.weights.download import Hash
from maskwright.runs.starting.weights_at_hand import copy_at_hand, published_offers, require_weights


@pytest.fixture
def checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which torch keeps what it fetched."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def fetched() -> dict[str, object]:
    raise AssertionError("nothing may be fetched")


def test_a_copy_is_at_hand_only_when_it_is_whole(checkpoints: Path) -> None:
    start = hashlib.sha256(b"weights").hexdigest()[:8]
    published = PublishedWeights(fetched, "https://example.org/models/net-1.pth", hash=Hash("sha256", start))
    assert not copy_at_hand(published)
    (checkpoints / "net-1.pth").write_bytes(b"weigh")
    assert not copy_at_hand(published)
    (checkpoints / "net-1.pth").write_bytes(b"weights")
    assert copy_at_hand(published)


@pytest.mark.usefixtures("checkpoints")
def test_offers_name_the_best_weights_and_where_they_would_come_from() -> None:
    offers = published_offers(["mask_rcnn_resnet50_fpn", "mask_rcnn:mobilenet_v2", "residual_attention_unet"])
    assert {model: offer.name for model, offer in offers.items()} == {
        "mask_rcnn_resnet50_fpn": "coco",
        "mask_rcnn:mobilenet_v2": "imagenet",
    }
    assert not any(offer.at_hand for offer in offers.values())
    assert (
        offers["mask_rcnn:mobilenet_v2"].address == find_model("mask_rcnn:mobilenet_v2").published["imagenet"].address
    )


def test_weights_that_are_neither_a_name_nor_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.pth").write_bytes(b"")
    for weights in ("none", "imagenet", str(tmp_path / "mine.pth")):
        require_weights("mask_rcnn:resnet18", weights)
    with pytest.raises(UsageError, match="expected the path of a file, or one of none, imagenet"):
        require_weights("mask_rcnn:resnet18", "coco")
