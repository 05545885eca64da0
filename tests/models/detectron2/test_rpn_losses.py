"""Training of the first stage: the matching of anchors to objects, and the losses by their formulas."""

import torch
from torch.nn import functional

from maskwright.models.detectron2.rpn_losses import ANCHORS_PER_IMAGE, match_anchors, proposal_losses

ANCHORS = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 20], [0, 0, 10, 26], [50, 50, 60, 60], [0, 40, 40, 80]])
TRUTH = torch.tensor([[0.0, 0, 10, 10], [0, 40, 16, 80]])


def test_an_anchor_is_an_object_from_seven_tenths_on_or_as_the_best_of_one() -> None:
    labels, nearest = match_anchors(ANCHORS, TRUTH)
    # Overlaps with the first object: 1, 0.5, 0.38, 0; the last anchor has 0.4 with the second, which no other beats.
    assert labels.tolist() == [1, -1, -1, 0, 1]
    assert torch.equal(nearest[[0, 4]], TRUTH)


def test_without_an_object_all_is_background() -> None:
    labels, nearest = match_anchors(ANCHORS, TRUTH[:0])
    assert labels.tolist() == [0] * 5
    assert nearest.shape == (5, 4)


def test_the_losses_are_sums_over_the_sampled_anchors_by_their_number() -> None:
    logits = torch.tensor([[2.0, 9.0, -9.0, -1.0, 0.5], [0.3, -0.2, 0.1, -1.0, 2.0]])
    deltas = torch.full((2, 5, 4), 0.25)
    losses = proposal_losses(ANCHORS, logits, deltas, [TRUTH, TRUTH[:0]])
    sampled = torch.tensor([2.0, -1.0, 0.5, 0.3, -0.2, 0.1, -1.0, 2.0])
    target = torch.tensor([1.0, 0, 1, 0, 0, 0, 0, 0])
    count = 2 * ANCHORS_PER_IMAGE
    expected = functional.binary_cross_entropy_with_logits(sampled, target, reduction="sum") / count
    torch.testing.assert_close(losses["loss_objectness"], expected)
    # The first anchor is its object; the last is to move by (−12/40, 0) and to shrink to 16/40 of its width.
    wanted = torch.tensor([[0.0, 0, 0, 0], [-0.3, 0, torch.tensor(0.4).log(), 0]])
    torch.testing.assert_close(losses["loss_rpn_box_reg"], (0.25 - wanted).abs().sum() / count)


def test_an_image_without_objects_has_no_box_loss() -> None:
    losses = proposal_losses(ANCHORS, torch.zeros(1, 5), torch.ones(1, 5, 4), [TRUTH[:0]])
    assert losses["loss_rpn_box_reg"] == 0
    assert losses["loss_objectness"] > 0
