"""The mask head: a mask for every class, of which only the object's own is returned and trained."""

import torch
from torch.nn import functional

from maskwright.models.detectron2.mask_head import MaskHead
from maskwright.models.mask_targets import ForegroundProposals, mask_loss, of_class


def head() -> MaskHead:
    torch.manual_seed(0)
    return MaskHead(6, 3, (5, 4)).eval()


def test_a_box_of_14_by_14_becomes_28_by_28_for_every_class() -> None:
    assert head()(torch.rand(2, 6, 14, 14)).shape == (2, 3, 28, 28)


def test_the_probabilities_are_those_of_the_detected_class() -> None:
    network, maps = head(), [torch.rand(1, 6, 64 // 2**i, 64 // 2**i) for i in range(5)]
    boxes = torch.tensor([[10.0, 10, 60, 90], [30, 40, 200, 220]])
    with torch.inference_mode():
        for wanted in ([0, 2], [1, 1]):
            found = network.predict(maps, [boxes], torch.tensor(wanted))
            assert found.shape == (2, 1, 28, 28)
            every = torch.cat([network.predict(maps, [boxes], torch.full((2,), k)) for k in range(3)], dim=1)
            assert torch.equal(found[:, 0], every[[0, 1], wanted])
        assert not torch.equal(every[:, 0], every[:, 1])
        assert network.predict(maps, [boxes[:0]], torch.zeros(0, dtype=torch.int64)).shape == (0, 1, 28, 28)


def test_the_loss_is_that_of_the_true_class_alone() -> None:
    masks = torch.zeros(1, 28, 28, dtype=torch.uint8)
    masks[0, :14] = 1
    region = ForegroundProposals(
        torch.tensor([[0.0, 0, 28, 28]]), torch.tensor([1]), torch.tensor([0]), masks, torch.ones(4)
    )
    logits = torch.randn(1, 3, 28, 28)
    expected = functional.binary_cross_entropy_with_logits(logits[0, 1], masks[0].float())
    torch.testing.assert_close(mask_loss(logits, [region]), expected)
    torch.testing.assert_close(of_class(logits, torch.tensor([1]))[0, 0], logits[0, 1])


def test_without_objects_the_loss_is_zero_and_has_a_gradient() -> None:
    loss = mask_loss(torch.zeros(0, 3, 28, 28, requires_grad=True), [])
    loss.backward()
    assert loss == 0
