"""Detections: background is the last class, suppression is by class, and at most 100 are kept."""

import pytest
import torch

from maskwright.models.detectron2.box_head import BoxHead, BoxPredictor, DetectionFilter, filter_detections

SIZE = (400, 400)


def boxes(count: int) -> torch.Tensor:
    """Return boxes that do not touch."""
    x, y = torch.arange(count) % 20 * 20.0, torch.arange(count) // 20 * 20.0
    return torch.stack([x, y, x + 10, y + 10], dim=1)


def logits(scores: list[list[float]]) -> torch.Tensor:
    """Return logits whose softmax is ``scores``."""
    return torch.tensor(scores).log()


def test_background_is_the_last_class_and_no_detection() -> None:
    found = filter_detections(
        logits([[0.1, 0.2, 0.7], [0.6, 0.1, 0.3]]),
        torch.zeros(2, 8),
        boxes(2),
        SIZE,
        DetectionFilter(score_threshold=0.15),
    )
    assert found.classes.tolist() == [0, 1]
    torch.testing.assert_close(found.scores, torch.tensor([0.6, 0.2]))
    torch.testing.assert_close(found.boxes, boxes(2).flip(0))


@pytest.mark.parametrize(("most", "expected"), [(100, 100), (7, 7), (500, 150)])
def test_at_most_100_detections_are_kept_the_best(most: int, expected: int) -> None:
    chance = torch.rand(150, generator=torch.Generator().manual_seed(0)) * 0.8 + 0.1
    scores = torch.stack([chance, 1 - chance], dim=1).log()
    found = filter_detections(scores, torch.zeros(150, 4), boxes(150), SIZE, DetectionFilter(max_detections=most))
    assert len(found.scores) == expected
    torch.testing.assert_close(found.scores, chance.sort(descending=True).values[:expected])
    assert DetectionFilter().max_detections == 100


def test_a_score_must_be_above_the_threshold() -> None:
    half = torch.zeros(1, 2)
    assert (
        len(filter_detections(half, torch.zeros(1, 4), boxes(1), SIZE, DetectionFilter(score_threshold=0.5)).scores)
        == 0
    )
    assert (
        len(filter_detections(half, torch.zeros(1, 4), boxes(1), SIZE, DetectionFilter(score_threshold=0.4999)).scores)
        == 1
    )


def test_overlapping_boxes_are_suppressed_within_a_class_only() -> None:
    twice = boxes(1).repeat(2, 1)
    found = filter_detections(
        logits([[0.5, 0.3, 0.2], [0.4, 0.35, 0.25]]), torch.zeros(2, 8), twice, SIZE, DetectionFilter()
    )
    assert found.classes.tolist() == [0, 1]
    torch.testing.assert_close(found.scores, torch.tensor([0.5, 0.35]))


def test_boxes_are_clipped_before_they_are_compared() -> None:
    two = torch.tensor([[380.0, 0, 480, 10], [380, 0, 420, 10]])  # overlap 0.4, but 1 inside the image
    found = filter_detections(logits([[0.5, 0.5], [0.4, 0.6]]), torch.zeros(2, 4), two, SIZE, DetectionFilter())
    assert found.boxes.tolist() == [[380, 0, 400, 10]]


def test_a_proposal_that_is_not_finite_is_left_out() -> None:
    deltas = torch.zeros(2, 4)
    deltas[0, 0] = torch.nan
    assert len(filter_detections(logits([[0.5, 0.5]] * 2), deltas, boxes(2), SIZE, DetectionFilter()).scores) == 1


def test_the_predictor_has_no_box_of_the_background() -> None:
    predictor = BoxPredictor(8, 80)
    assert predictor.cls_score.weight.shape == (81, 8)
    assert predictor.bbox_pred.weight.shape == (320, 8)
    assert BoxHead(4, 8)(torch.rand(3, 4, 7, 7)).shape == (3, 8)
