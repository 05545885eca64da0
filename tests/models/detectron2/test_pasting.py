"""Pasting against its definition, evaluated at every pixel of the image."""

import numpy as np
import pytest
import torch
from pycocotools import mask as oracle

from maskwright.models.detectron2.pasting import paste_detectron2_mask

SIZE = (60, 80)


def by_definition(probabilities: torch.Tensor, box: torch.Tensor, threshold: float) -> np.ndarray:
    """Return the bilinear value at the centre of every pixel in box coordinates, zero outside the box, in float64."""
    side = probabilities.shape[0]
    padded = np.zeros((side + 2, side + 2))
    padded[1:-1, 1:-1] = probabilities.double().numpy()
    left, top, right, bottom = box.double().tolist()
    values = np.zeros(SIZE)
    for row in range(SIZE[0]):
        for column in range(SIZE[1]):
            u = (column + 0.5 - left) / (right - left) * side + 0.5
            v = (row + 0.5 - top) / (bottom - top) * side + 0.5
            if 0 <= u < side + 1 and 0 <= v < side + 1:
                i, j = int(v), int(u)
                a, b = v - i, u - j
                square = padded[i : i + 2, j : j + 2]
                values[row, column] = np.array([1 - a, a]) @ square @ np.array([1 - b, b])
    return values >= threshold


@pytest.mark.parametrize(
    "box", [(10.3, 5.7, 52.1, 44.9), (-8.0, -3.0, 30.0, 70.0), (70.2, 50.1, 95.0, 65.0), (20.0, 20.0, 20.6, 45.0)]
)
def test_the_pixels_are_those_of_the_definition(box: tuple[float, ...]) -> None:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 1, 5, 5, generator=generator)
    probabilities = torch.nn.functional.interpolate(coarse, (28, 28), mode="bilinear")[0, 0]
    found = oracle.decode(paste_detectron2_mask(probabilities, torch.tensor(box), SIZE))
    assert np.array_equal(found, by_definition(probabilities, torch.tensor(box), 0.5))
    assert 0 < found.sum() < found.size


def test_exactly_the_threshold_belongs_to_the_mask() -> None:
    half = torch.full((4, 4), 0.5)
    box = torch.tensor([8.0, 8, 40, 40])
    assert (
        oracle.decode(paste_detectron2_mask(half, box, SIZE)).sum() == 24 * 24
    )  # half of the outermost cells of 8 × 8 fades to zero
    assert oracle.decode(paste_detectron2_mask(half, box, SIZE, threshold=0.51)).sum() == 0


def test_a_box_outside_the_image_has_an_empty_mask_of_its_size() -> None:
    empty = paste_detectron2_mask(torch.ones(4, 4), torch.tensor([100.0, 10, 120, 30]), SIZE)
    assert empty["size"] == list(SIZE)
    assert oracle.area(empty) == 0
