"""Proposals: ranked by logits where sigmoids tie, of any size, limited per level and per image."""

import torch

from maskwright.models.detectron2.proposals import Limits, ProposalGenerator, suppress
from maskwright.models.detectron2.pyramid import STRIDES

SIZE = (800, 1000)


def grid(count: int, side: float = 10.0) -> torch.Tensor:
    """Return ``count`` boxes that do not touch."""
    x = torch.arange(count) % 40 * 20.0
    y = torch.arange(count) // 40 * 20.0
    return torch.stack([x, y, x + side, y + side], dim=1)


def levels(count: int) -> torch.Tensor:
    return torch.zeros(count, dtype=torch.int64)


def test_proposals_are_ranked_by_logits_where_every_sigmoid_is_one() -> None:
    logits = torch.linspace(40, 30, 50)[torch.randperm(50, generator=torch.Generator().manual_seed(0))]
    assert logits.sigmoid().unique().numel() == 1
    found = suppress(grid(50), logits, levels(50), SIZE, 0.7, 10)
    assert torch.equal(found.logits, logits.sort(descending=True).values[:10])


def test_the_best_of_a_level_are_chosen_by_logits_too() -> None:
    generator = ProposalGenerator(4, limits=Limits(3, 3), sizes=(8, 16, 32, 64, 128), ratios=(1.0,)).eval()
    anchors = [grid(30), *[torch.zeros(0, 4)] * 4]
    logits = [torch.linspace(50, 20, 30).flip(0), *[torch.zeros(0)] * 4]
    deltas = [torch.zeros(len(a), 4) for a in anchors]
    found = generator._select(anchors, logits, deltas, SIZE)
    assert torch.equal(found.boxes, grid(30).flip(0)[:3])


def test_only_a_box_without_any_width_or_height_is_dropped() -> None:
    boxes = torch.tensor([[5.0, 5, 5 + 1e-4, 5 + 1e-4], [50, 5, 50, 60], [-40, 9, -3, 20], [300, 300, 400, 400]])
    found = suppress(boxes, torch.tensor([4.0, 3, 2, 1]), levels(4), SIZE, 0.7, 1000)
    assert torch.equal(found.boxes, boxes[[0, 3]])


def test_numbers_that_are_not_finite_are_dropped() -> None:
    boxes = grid(3)
    boxes[0, 0] = torch.nan
    found = suppress(boxes, torch.tensor([1.0, torch.inf, 0.5]), levels(3), SIZE, 0.7, 1000)
    assert found.logits.tolist() == [0.5]


def test_suppression_is_within_a_level_and_the_limit_over_all() -> None:
    box = grid(1).expand(4, -1)
    found = suppress(box, torch.tensor([4.0, 3, 2, 1]), torch.tensor([0, 1, 1, 2]), SIZE, 0.7, 1000)
    assert found.logits.tolist() == [4.0, 3.0, 1.0]
    assert len(suppress(box, torch.arange(4.0), torch.arange(4), SIZE, 0.7, 2).boxes) == 2


def test_logits_and_deltas_stand_in_the_order_of_the_anchors() -> None:
    generator = ProposalGenerator(4)
    features = torch.rand(2, 4, 3, 5)
    with torch.no_grad():
        logits, deltas = generator.rpn_head(features)
        hidden = generator.rpn_head.conv(features).relu()
        raw, changes = generator.rpn_head.objectness_logits(hidden), generator.rpn_head.anchor_deltas(hidden)
    row, column, anchor = 1, 3, 2
    position = (row * 5 + column) * 3 + anchor
    assert torch.equal(logits[:, position], raw[:, anchor, row, column])
    assert torch.equal(deltas[:, position], changes[:, 4 * anchor : 4 * anchor + 4, row, column])
    torch.testing.assert_close(
        generator.anchors([torch.zeros(1, 4, 3, 5)] * 5)[2][position, :2]
        + generator.anchors([torch.zeros(1, 4, 3, 5)] * 5)[2][position, 2:],
        2.0 * STRIDES[2] * torch.tensor([float(column), float(row)]),
    )
