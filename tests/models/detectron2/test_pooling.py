"""RoI features: the level by the formula of the paper, and exact half-pixel positions on linear features."""

import math

import pytest
import torch

from maskwright.models.detectron2.pooling import levels_of, pool
from maskwright.models.detectron2.pyramid import STRIDES


@pytest.mark.parametrize(
    ("side", "level"), [(1, 2), (111.9, 2), (112, 3), (223.9, 3), (224, 4), (447.9, 4), (448, 5), (5000, 5)]
)
def test_a_box_goes_to_the_level_of_its_side(side: float, level: int) -> None:
    assert (
        levels_of(torch.tensor([[0.0, 0, side, side], [7, 5, 7 + 2 * side, 5 + side / 2]])).tolist() == [level - 2] * 2
    )


def ramps(height: int, width: int) -> list[torch.Tensor]:
    """Return levels whose two channels are x and y of each cell's centre in pixels of the image."""
    maps = []
    for stride in STRIDES:
        x = (torch.arange(width // stride) + 0.5) * stride
        y = (torch.arange(height // stride) + 0.5) * stride
        maps.append(torch.stack([x.expand(len(y), -1), y[:, None].expand(-1, len(x))])[None])
    return maps


@pytest.mark.parametrize("box", [(40.0, 44.0, 75.0, 101.0), (100.0, 60.0, 260.0, 200.0), (130.3, 140.7, 390.1, 380.2)])
def test_a_cell_of_a_box_has_the_features_of_its_own_centre(box: tuple[float, ...]) -> None:
    # Without the shift by half a cell of the map, every value would be off by half a stride.
    found = pool(ramps(512, 512), [torch.tensor([box])], 7)[0]
    x = torch.tensor(box[0]) + (torch.arange(7) + 0.5) / 7 * (box[2] - box[0])
    y = torch.tensor(box[1]) + (torch.arange(7) + 0.5) / 7 * (box[3] - box[1])
    torch.testing.assert_close(found[0], x.expand(7, -1), atol=1e-3, rtol=0)
    torch.testing.assert_close(found[1], y[:, None].expand(-1, 7), atol=1e-3, rtol=0)


def test_as_many_samples_are_taken_as_a_cell_has_pixels() -> None:
    # One bright pixel in a box of 28 × 28 map cells: an average over 7 × 7 cells must see all 16 of a cell.
    maps = [torch.zeros(1, 1, 512 // s, 512 // s) for s in STRIDES]
    maps[0][0, 0, 5, 6] = 16.0
    found = pool(maps, [torch.tensor([[0.0, 0, 111, 111]])], 7)
    assert math.isclose(float(found.sum()), 16.0 / (27.75 / 7) ** 2, rel_tol=0.2)
    assert float(found.amax()) < 2


def test_boxes_are_taken_from_their_own_image_and_none_is_no_fault() -> None:
    maps = [torch.cat([level, level + 1000]) for level in ramps(256, 256)]
    box = torch.tensor([[10.0, 20, 90, 100]])
    found = pool(maps, [box.new_zeros(0, 4), box], 3)
    assert found.shape == (1, 2, 3, 3)
    assert float(found.amin()) > 1000
    assert pool(maps, [box[:0], box[:0]], 3).shape == (0, 2, 3, 3)
