"""A file that torchvision publishes gives the same network by path as by name; other files stay as they are."""

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights

from maskwright.files import sha256_of
from maskwright.models import catalogue
from maskwright.models.catalogue import MODELS, create_model, load_weights
from maskwright.models.entry import PublishedWeights
from maskwright.models.mask_rcnn import build_mask_rcnn
from maskwright.models.weights import torchvision_files
from maskwright.models.weights.torchvision_files import apply_torchvision_fixes, hash_start, norms_without_epsilon

NARROW: dict[str, Any] = {"pyramid_channels": 16, "box_features": 16, "mask_channels": [8, 8]}
PUBLISHED = "bf2d0c1efbc936a3eddc1f1bb3e7a6fd"


def test_a_file_is_hashed_as_torchvision_names_it(tmp_path: Path) -> None:
    (tmp_path / "file.pth").write_bytes(b"weights")
    assert sha256_of(tmp_path / "file.pth") == hashlib.sha256(b"weights").hexdigest()
    assert hash_start(MaskRCNN_ResNet50_FPN_Weights.COCO_V1) == PUBLISHED[:8]


@pytest.mark.parametrize(("sha256", "changed"), [(PUBLISHED, True), ("0000000000", False)])
def test_the_published_mask_rcnn_alone_divides_by_the_bare_deviation(sha256: str, changed: bool) -> None:
    weights = {"backbone.body.bn1.running_var": torch.tensor([0.5]), "backbone.body.bn1.weight": torch.tensor([2.0])}
    found = apply_torchvision_fixes(weights, sha256)
    # Our norm adds 1e-5 to what it finds; torchvision sets its own to 0 for these weights.
    variance = found["backbone.body.bn1.running_var"] + (1e-5 if changed else 0)
    torch.testing.assert_close(variance, torch.tensor([0.5]), atol=1e-9, rtol=1e-7)
    assert found["backbone.body.bn1.weight"] == 2


@pytest.fixture
def downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the file of a small Mask R-CNN as if it were the published one and had been downloaded by hand."""
    name, path = "mask_rcnn_resnet50_fpn", tmp_path / "renamed.pth"
    small = partial(build_mask_rcnn, backbone="resnet18", frozen_norm=True)
    state = small(90, **NARROW).state_dict()
    torch.save(state, path)
    given = PublishedWeights(partial(norms_without_epsilon, lambda: state), "https://example.org/weights")
    monkeypatch.setitem(catalogue.MODELS, name, replace(MODELS[name], build=small, published={"coco": given}))
    monkeypatch.setattr(torchvision_files, "hash_start", lambda _: sha256_of(path)[:8])
    return path


def filled(name: str, weights: str) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    model = create_model(name, 4, NARROW | {"trainable_layers": 3})
    coverage = load_weights(model, name, weights)
    assert coverage is not None
    assert len(coverage.missing) == 6  # the three layers of other classes: classes, boxes and masks
    return model.state_dict()


def test_by_its_path_a_published_file_is_what_it_is_by_its_name(downloaded: Path) -> None:
    by_name, by_path = (filled("mask_rcnn_resnet50_fpn", weights) for weights in ("coco", str(downloaded)))
    assert by_name.keys() == by_path.keys()
    assert all(torch.equal(value, by_path[key]) for key, value in by_name.items())


def test_any_other_file_stays_as_it_is(downloaded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchvision_files, "hash_start", lambda _: "no hash")
    ours, theirs = filled("mask_rcnn_resnet50_fpn", str(downloaded)), torch.load(downloaded, weights_only=True)
    variances = [key for key in ours if key.endswith("running_var")]
    assert len(variances) == 20  # the convolutions of a ResNet-18
    assert all(torch.equal(ours[key], theirs[key]) for key in variances)
