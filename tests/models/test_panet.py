"""PANet: the data flow of its parts, and training of a network built from them."""

import pytest
import torch
from torch import nn
from torchvision.ops import MultiScaleRoIAlign

from maskwright.models.backbones import build_body
from maskwright.models.panet import (
    AggregatedPyramid,
    AllLevelsPool,
    FusedBoxHead,
    FusedMaskHead,
    FusedMaskPredictor,
)
from tests.models.invented_scenes import SIDE, empty_target, fits, learnt, narrow, scene


def pyramid() -> AggregatedPyramid:
    torch.manual_seed(0)
    return AggregatedPyramid(*build_body("mobilenet_v3_small"), 8).eval()


def features(count: int = 4) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {str(i): torch.rand(2, 3, SIDE >> (i + 2), SIDE >> (i + 2), generator=generator) for i in range(count)}


def test_the_pyramid_has_five_levels_of_its_channels() -> None:
    maps = pyramid()(torch.rand(2, 3, 64, 96))
    assert list(maps) == ["0", "1", "2", "3", "pool"]
    assert [tuple(m.shape) for m in maps.values()] == [
        (2, 8, 16, 24), (2, 8, 8, 12), (2, 8, 4, 6), (2, 8, 2, 3), (2, 8, 1, 2)
    ]  # fmt: skip


def test_the_finest_level_is_the_plain_pyramids_and_reaches_all_coarser_ones() -> None:
    network, images = pyramid(), torch.rand(1, 3, 64, 64)
    plain = network.fpn(network.body(images))
    assert torch.equal(network(images)["0"], plain["0"])
    for level in ("1", "2", "3", "pool"):
        for convolution in network.down[0].modules():
            if isinstance(convolution, nn.Conv2d):
                network.zero_grad()
                network(images)[level].sum().backward()
                assert convolution.weight.grad is not None
                assert convolution.weight.grad.abs().sum() > 0, level


def test_a_region_is_pooled_from_each_level_as_torchvision_pools_from_one() -> None:
    maps, shapes = features(), [(SIDE, SIDE)] * 2
    boxes = [torch.tensor([[3.0, 5, 40, 33], [0, 0, 64, 64]]), torch.tensor([[20.5, 10, 27, 60]])]
    pooled = AllLevelsPool(7)(maps, boxes, shapes)
    assert pooled.shape == (3, 4, 3, 7, 7)
    for level in range(4):
        expected = MultiScaleRoIAlign([str(level)], 7, 2)(maps, boxes, shapes)
        torch.testing.assert_close(pooled[:, level], expected)


def test_no_boxes_pool_to_nothing_and_the_heads_take_it() -> None:
    pooled = AllLevelsPool(14)(features(), [torch.zeros(0, 4)] * 2, [(SIDE, SIDE)] * 2)
    assert pooled.shape == (0, 4, 3, 14, 14)
    logits = FusedMaskPredictor(5, 5, 3)(FusedMaskHead(3, (4, 5))(pooled))
    assert logits.shape == (0, 3, 28, 28)


def test_the_box_head_keeps_the_strongest_answer_of_the_levels() -> None:
    head, pooled = FusedBoxHead(3 * 49, 6), torch.randn(5, 4, 3, 7, 7)
    answers = [torch.relu(layer(pooled[:, i].flatten(1))) for i, layer in enumerate(head.first)]
    expected = torch.relu(head.second(torch.stack(answers).max(0).values))
    torch.testing.assert_close(head(pooled), expected)


@pytest.mark.parametrize("widths", [(4,), (4, 6), (4, 4, 6, 5)])
def test_the_wide_branch_adds_the_same_foreground_to_every_class(widths: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    head, predictor = FusedMaskHead(3, widths), FusedMaskPredictor(widths[-1], widths[-1], 3)
    pooled = torch.rand(2, 4, 3, 14, 14)
    fused = predictor(head(pooled))
    foreground = head(pooled)[1]
    assert foreground.shape == (2, 1, 28, 28)
    nn.init.zeros_(head.foreground.weight)
    nn.init.zeros_(head.foreground.bias)
    torch.testing.assert_close(fused - predictor(head(pooled)), foreground.expand(-1, 3, -1, -1))


def test_the_wide_branch_sees_the_whole_region_and_the_convolutions_do_not() -> None:
    torch.manual_seed(0)
    head, pooled = FusedMaskHead(3, (4, 4, 4, 4)), torch.rand(1, 4, 3, 14, 14)
    changed = pooled.clone()
    changed[..., :2, :2] += 5
    (narrow_before, wide_before), (narrow_after, wide_after) = head(pooled), head(changed)
    assert torch.equal(narrow_before[..., 13, 13], narrow_after[..., 13, 13])
    assert not torch.equal(wide_before[..., 27, 27], wide_after[..., 27, 27])


@pytest.mark.parametrize("more", [{}, {"mask_scoring": True}, {"cascade_ious": (0.5, 0.6, 0.7)}])
def test_every_parameter_gets_a_gradient(more: dict) -> None:
    images, targets = scene()
    model = narrow(path_aggregation=True, **more).train()
    sum(model(images, targets).values()).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


def test_negatives_are_learnt_from() -> None:
    losses = narrow(path_aggregation=True).train()(scene()[0], [empty_target(), empty_target()])
    assert all(torch.isfinite(value) for value in losses.values())
    assert losses["loss_mask"] == 0


def test_normalised_heads_are_not_panets() -> None:
    with pytest.raises(ValueError, match="version 2"):
        narrow(path_aggregation=True, version=2)


def test_panet_learns_a_batch_by_heart() -> None:
    model = narrow(path_aggregation=True, norm_momentum=0.3)
    totals = learnt(model, 45)
    assert totals[-1] < totals[0] / 2
    assert min(fits(model)) > 0.6
