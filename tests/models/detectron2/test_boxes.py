"""Boxes: deltas by the formulas of Faster R-CNN, and no smallest size."""

import math

import torch

from maskwright.models.detectron2.boxes import DETECTION_CODER, PROPOSAL_CODER, clip, decode, nonempty

BOXES = torch.tensor([[10.0, 20, 50, 40], [0, 0, 8, 8]])


def test_deltas_move_the_centre_by_shares_of_the_size_and_scale_by_powers() -> None:
    deltas = torch.tensor([[0.5, -1.0, math.log(2), 0.0], [0, 0, 0, 0]])
    # Width 40 and height 20 about (30, 30): centre to (50, 10), width 80.
    assert torch.allclose(decode(PROPOSAL_CODER, deltas, BOXES)[:, 0], torch.tensor([[10.0, 0, 90, 20], [0, 0, 8, 8]]))
    weighted = deltas * torch.tensor([10.0, 10, 5, 5])
    assert torch.allclose(decode(DETECTION_CODER, weighted, BOXES), decode(PROPOSAL_CODER, deltas, BOXES))


def test_a_box_grows_to_1000_sixteenths_at_most() -> None:
    grown = decode(PROPOSAL_CODER, torch.tensor([[0.0, 0, 50, 0]]), torch.tensor([[0.0, 0, 16, 16]]))[0, 0]
    assert torch.isclose(grown[2] - grown[0], torch.tensor(1000.0))
    assert grown[3] - grown[1] == 16


def test_each_class_has_its_own_four_deltas() -> None:
    deltas = torch.zeros(2, 8)
    deltas[:, 4] = 1.0
    boxes = decode(PROPOSAL_CODER, deltas, BOXES)
    assert boxes.shape == (2, 2, 4)
    assert torch.equal(boxes[:, 0], BOXES)
    assert torch.equal(boxes[:, 1, 0] - BOXES[:, 0], BOXES[:, 2] - BOXES[:, 0])


def test_clipping_keeps_boxes_inside_and_only_what_is_empty_is_dropped() -> None:
    boxes = torch.tensor([[-5.0, -5, 200, 90], [120, 3, 130, 8], [3, 3, 3 + 1e-4, 3 + 1e-4], [5, 5, 5, 9]])
    inside = clip(boxes, (60, 100))
    assert inside.tolist()[:2] == [[0, 0, 100, 60], [100, 3, 100, 8]]
    assert nonempty(inside).tolist() == [True, False, True, False]
    assert torch.equal(clip(boxes.reshape(2, 2, 4), (60, 100)).reshape(-1, 4), inside)
