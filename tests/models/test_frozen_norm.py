"""The fused frozen BatchNorm against torchvision's."""

import torch
from torchvision.ops import FrozenBatchNorm2d

from maskwright.models.backbones import build_body
from maskwright.models.frozen_norm import FusedFrozenBatchNorm2d


def pair(channels: int = 6) -> tuple[FusedFrozenBatchNorm2d, FrozenBatchNorm2d]:
    torch.manual_seed(0)
    ours, theirs = FusedFrozenBatchNorm2d(channels), FrozenBatchNorm2d(channels)
    for buffer in theirs.buffers():
        buffer.uniform_(0.5, 2.0)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def test_in_training_values_and_gradients_are_torchvisions_but_for_rounding() -> None:
    ours, theirs = pair()
    found, expected = (torch.randn(2, 6, 9, 9, generator=torch.Generator().manual_seed(1)) for _ in range(2))
    for norm, x in ((ours.train(), found), (theirs.train(), expected)):
        norm(x.requires_grad_()).square().sum().backward()
    torch.testing.assert_close(ours(found), theirs(expected), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(found.grad, expected.grad, rtol=1e-5, atol=1e-5)
    assert all(torch.equal(a, b) for a, b in zip(ours.buffers(), theirs.buffers(), strict=True))


def test_in_prediction_it_is_torchvisions_to_the_last_bit() -> None:
    ours, theirs = pair()
    x = torch.randn(2, 6, 9, 9)
    assert torch.equal(ours.eval()(x), theirs.eval()(x))


def test_features_of_a_half_type_stay_of_it_in_training() -> None:
    x = torch.randn(2, 6, 9, 9).bfloat16()
    assert pair()[0].train()(x).dtype is torch.bfloat16


def test_it_is_the_frozen_norm_of_torchvisions_backbones() -> None:
    body, _ = build_body("resnet18", frozen_norm=True)
    norms = [module for module in body.modules() if isinstance(module, FrozenBatchNorm2d)]
    assert norms
    assert all(isinstance(norm, FusedFrozenBatchNorm2d) for norm in norms)
