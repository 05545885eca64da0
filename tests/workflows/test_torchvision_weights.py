"""torchvision's checkpoints are recognised by every name and shape, or not at all."""

import pytest
import torch
import torchvision
from torch import nn

from maskwright.models.catalogue import build
from maskwright.workflows.torchvision_weights import (
    TorchvisionMatch,
    as_built,
    class_names,
    coco_classes,
    match,
    published,
)


def theirs(name: str, classes: int = 21) -> dict[str, torch.Tensor]:
    """torchvision's own state of a model, without values."""
    builders = {**vars(torchvision.models.segmentation), **vars(torchvision.models.detection)}
    options = {"weights_backbone": None, "num_classes": classes}
    if name.startswith(("deeplab", "fcn")):
        options["aux_loss"] = True
    with torch.device("meta"):
        network: nn.Module = builders[name.replace("mask_rcnn", "maskrcnn")](weights=None, **options)
        return network.state_dict()


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("mask_rcnn_resnet50_fpn", 90),
        ("deeplabv3_mobilenet_v3_large", 20),
        ("deeplabv3_resnet50", 20),
        ("lraspp_mobilenet_v3_large", 20),
        ("fcn_resnet50", 3),
    ],
)
def test_a_checkpoint_is_the_model_of_its_name(name: str, classes: int) -> None:
    found = match(theirs(name, classes + 1))
    assert found is not None
    assert (found.model, found.classes) == (name, classes)
    with torch.device("meta"):
        build(name, classes, found.options).load_state_dict(found.weights, assign=True)


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_one_tensor_out_of_place_makes_it_none(change: str) -> None:
    state = dict(theirs("lraspp_mobilenet_v3_large"))
    key = "classifier.cbr.0.weight"
    if change == "missing":
        del state[key]
    else:
        state[key if change == "shape" else "more"] = torch.zeros(1)
    assert match(state) is None


def test_no_name_repeats_and_coco_has_80() -> None:
    for name, weights in published().items():
        names = class_names(weights)
        assert len(names) == len(set(names)) == (90 if name.startswith("mask_rcnn") else 20)
    coco = coco_classes()
    assert len(coco) == 80
    assert (coco["person"], coco["stop sign"], coco["toothbrush"]) == (1, 13, 90)
    assert list(coco.values()) == sorted(coco.values())


@pytest.mark.parametrize(
    ("model", "sha256", "changed"),
    [
        ("mask_rcnn_resnet50_fpn", "bf2d0c1efbc936a3eddc1f1bb3e7a6fd", True),
        ("mask_rcnn_resnet50_fpn", "0000000000", False),
        ("mask_rcnn_resnet50_fpn_v2", "bf2d0c1efbc936a3eddc1f1bb3e7a6fd", False),
    ],
)
def test_the_published_mask_rcnn_alone_divides_by_the_bare_deviation(model: str, sha256: str, changed: bool) -> None:
    weights = {"backbone.body.bn1.running_var": torch.tensor([0.5]), "backbone.body.bn1.weight": torch.tensor([2.0])}
    found = as_built(TorchvisionMatch(model, 90, {}, weights), sha256).weights
    # Our norm adds 1e-5 to what it finds; torchvision sets its own to 0 for these weights.
    variance = found["backbone.body.bn1.running_var"] + (1e-5 if changed else 0)
    torch.testing.assert_close(variance, torch.tensor([0.5]), atol=1e-9, rtol=1e-7)
    assert found["backbone.body.bn1.weight"] == 2
