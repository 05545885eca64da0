"""True masks cropped by boxes, at whatever size the model sees the image."""

import pytest
import torch

from maskwright.models.mask_targets import ForegroundProposals, cropped_masks, mask_targets


def region(boxes: list[list[float]], objects: list[int], factor: float = 1.0) -> ForegroundProposals:
    masks = torch.zeros(2, 40, 60, dtype=torch.uint8)
    masks[0, 10:30, 10:30] = 1
    masks[1, :, 30:] = 1
    count = len(boxes)
    to_masks = torch.full((4,), 1 / factor)
    return ForegroundProposals(
        torch.tensor(boxes) * factor, torch.zeros(count, dtype=torch.int64), torch.tensor(objects), masks, to_masks
    )


def test_a_cell_is_of_the_object_when_half_of_it_is() -> None:
    found = mask_targets(region([[0, 0, 40, 40], [20, 0, 40, 40]], [0, 1]), 4)
    expected = torch.zeros(2, 4, 4)
    expected[0, 1:3, 1:3] = 1
    expected[1, :, 2:] = 1
    assert torch.equal(found, expected)


def test_a_cell_has_the_share_that_the_object_covers_to_within_the_interpolation() -> None:
    """The object begins a quarter into the second of five cells of 8 pixels, at pixel 10, and ends in the fourth."""
    one = region([[0, 0, 40, 40]], [0])
    found = cropped_masks(one, 5)[0, 2]
    assert found.tolist() == [0, pytest.approx(0.75, abs=0.07), 1, pytest.approx(0.75, abs=0.07), 0]


def test_the_size_the_network_sees_makes_no_difference() -> None:
    boxes = [[3.0, 5.0, 37.0, 33.0]]
    assert torch.equal(mask_targets(region(boxes, [0], 2.5), 28), mask_targets(region(boxes, [0]), 28))


def test_no_region_has_no_target() -> None:
    none = region([[0.0, 0, 1, 1]], [0])
    none = ForegroundProposals(none.boxes[:0], none.classes[:0], none.objects[:0], none.masks[:0], none.to_masks)
    assert mask_targets(none, 28).shape == (0, 28, 28)
