"""The feature pyramid against torchvision's with the same weights."""

from collections import OrderedDict

import torch
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from maskwright.models.detectron2.pyramid import FPN, LEVELS
from maskwright.models.detectron2.resnet import ResNet


def test_the_levels_are_torchvisions() -> None:
    torch.manual_seed(0)
    body = ResNet((1, 1, 1, 1), stem_channels=4, group_width=4).eval()
    ours = FPN(body, 6).eval()
    theirs = FeaturePyramidNetwork(body.channels, 6, LastLevelMaxPool())
    for number, level in enumerate(LEVELS):
        theirs.inner_blocks[number][0].load_state_dict(ours.get_submodule(f"fpn_lateral{level}").state_dict())
        theirs.layer_blocks[number][0].load_state_dict(ours.get_submodule(f"fpn_output{level}").state_dict())
    pictures = torch.rand(2, 3, 64, 96)
    with torch.inference_mode():
        found = ours(pictures)
        expected = theirs(OrderedDict(enumerate(body(pictures))))
    assert [maps.shape[2:] for maps in found] == [(16, 24), (8, 12), (4, 6), (2, 3), (1, 2)]
    for one, other in zip(found, expected.values(), strict=True):
        torch.testing.assert_close(one, other)
    assert torch.equal(found[4], found[3][:, :, ::2, ::2])
