"""torchvision's checkpoints are recognised by every name and shape, or not at all."""

import pytest
import torch
import torchvision
from torch import nn

from maskwright.models import catalogue
from maskwright.models.catalogue import create_model
from maskwright.models.weights.torchvision_checkpoints import match_torchvision_model, published_checkpoints


def theirs(name: str, classes: int = 21) -> dict[str, torch.Tensor]:
    """Return torchvision's own state dict of a model, without values."""
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
    found = match_torchvision_model(theirs(name, classes + 1))
    assert found is not None
    assert (found.model, found.classes) == (name, classes)
    with torch.device("meta"):
        create_model(name, classes, found.options).load_state_dict(found.weights, assign=True)


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_one_tensor_out_of_place_makes_it_none(change: str) -> None:
    state = dict(theirs("lraspp_mobilenet_v3_large"))
    key = "classifier.cbr.0.weight"
    if change == "missing":
        del state[key]
    else:
        state[key if change == "shape" else "more"] = torch.zeros(1)
    assert match_torchvision_model(state) is None


def test_every_model_that_starts_from_whole_weights_of_torchvision_is_known() -> None:
    names = {
        name
        for name, entry in catalogue.MODELS.items()
        if not name.startswith(("detectron2", "rf_detr"))
        and any(each.classes is not None and each.hub is None for each in entry.published.values())
    }
    assert set(published_checkpoints()) == names
