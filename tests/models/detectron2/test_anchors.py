"""Anchors keep their fractions, and p6 has stride 64 whatever the padding of the image."""

import pytest
import torch
from torchvision.models.detection.anchor_utils import AnchorGenerator

from maskwright.models.detectron2.anchors import ASPECT_RATIOS, SIZES, cell_anchors, grid_anchors


@pytest.mark.parametrize("size", SIZES)
def test_an_anchor_has_its_area_and_ratio_exactly_around_zero(size: int) -> None:
    anchors = cell_anchors(size)
    sides = anchors[:, 2:] - anchors[:, :2]
    torch.testing.assert_close(sides.prod(dim=1), torch.full((3,), float(size**2)))
    torch.testing.assert_close(sides[:, 1] / sides[:, 0], torch.tensor(ASPECT_RATIOS))
    assert torch.equal(anchors[:, :2], -anchors[:, 2:])


def test_they_are_not_rounded_as_torchvisions_are() -> None:
    theirs = AnchorGenerator(((32,),), (ASPECT_RATIOS,)).cell_anchors[0]
    ours = cell_anchors(32)
    assert not torch.equal(ours, theirs)
    assert torch.equal(ours.round(), theirs)


def test_the_grid_counts_rows_then_columns_then_ratios() -> None:
    cell = cell_anchors(8)
    anchors = grid_anchors(cell, (2, 3), 4).reshape(2, 3, 3, 4)
    for row in range(2):
        for column in range(3):
            shift = torch.tensor([4.0 * column, 4.0 * row] * 2)
            assert torch.equal(anchors[row, column], cell + shift)


def test_the_stride_of_p6_is_64_though_the_image_over_the_grid_is_not() -> None:
    # 800 pixels padded to multiples of 32: p5 has 25 rows, p6 has 13, and 800 // 13 would be 61.
    anchors = grid_anchors(cell_anchors(512), (13, 1), 64).reshape(13, 3, 4)
    centres = (anchors[:, 0, 1] + anchors[:, 0, 3]) / 2
    assert centres.tolist() == [64.0 * row for row in range(13)]
