"""PointRend's points: sampling positions, refinement of uncertain cells, and equality with dense prediction."""

import math

import pytest
import torch

from maskwright.models.point_rend.points import (
    box_features,
    certainty,
    masks_at,
    most_uncertain,
    point_sample,
    refine,
    regular_grid,
    subdivide,
    to_image_points,
    training_points,
)


def ramp(height: int, width: int, stride: int = 1) -> torch.Tensor:
    """Return a map ``(1, 2, H, W)`` whose values are x and y of each cell's centre in pixels."""
    x, y = (torch.arange(width) + 0.5) * stride, (torch.arange(height) + 0.5) * stride
    return torch.stack([x.expand(height, -1), y[:, None].expand(-1, width)])[None]


def test_a_map_is_sampled_between_the_centres_of_its_cells() -> None:
    points = torch.tensor([[[0.5, 0.5], [0.125, 0.3], [0.71, 0.9]]])
    found = point_sample(ramp(10, 20), points)[0]
    torch.testing.assert_close(found, points[0].T * torch.tensor([[20.0], [10.0]]))


def test_the_regular_grid_is_the_centres_row_by_row() -> None:
    grid = regular_grid(4)
    assert grid.shape == (16, 2)
    assert grid[0].tolist() == [0.125, 0.125]
    assert grid[1].tolist() == [0.375, 0.125]
    assert grid[4].tolist() == [0.125, 0.375]


def test_points_of_a_box_lie_in_the_image_at_its_share() -> None:
    points = to_image_points(torch.tensor([[10.0, 20, 30, 80]]), torch.tensor([[[0.0, 0.0], [1.0, 1.0], [0.25, 0.5]]]))
    assert points[0].tolist() == [[10, 20], [30, 80], [15, 50]]


def test_features_of_boxes_are_those_of_their_own_image_and_place() -> None:
    maps = torch.cat([ramp(32, 32, 4), ramp(32, 32, 4) + 1000])
    boxes = [torch.tensor([[10.0, 20, 50, 60]]), torch.zeros(0, 4), torch.tensor([[30.0, 30, 90, 100], [4, 4, 8, 8]])]
    maps = torch.cat([maps[:1], maps[:1], maps[1:]])
    points = torch.rand(3, 5, 2, generator=torch.Generator().manual_seed(0)) * 0.8 + 0.1
    found = box_features(maps, boxes, points, 4)
    expected = to_image_points(torch.cat(boxes), points).transpose(1, 2)
    torch.testing.assert_close(found[0], expected[0], atol=1e-3, rtol=0)
    torch.testing.assert_close(found[1:], expected[1:] + 1000, atol=1e-3, rtol=0)


def test_the_most_uncertain_cells_are_those_nearest_to_zero() -> None:
    logits = torch.tensor([[5.0, -0.1, 2.0], [-7.0, 0.0, -3.0]])[None, None]
    index, centres = most_uncertain(logits, 3)
    assert index.tolist() == [[4, 1, 2]]
    torch.testing.assert_close(centres[0], torch.tensor([[0.5, 0.75], [0.5, 0.25], [5 / 6, 0.25]]))
    assert most_uncertain(logits, 100)[0].shape == (1, 6)


def test_of_several_classes_the_two_likeliest_decide_how_certain_a_cell_is() -> None:
    logits = 3 * torch.randn(2, 5, 4, 3, generator=torch.Generator().manual_seed(0))
    ordered = logits.double().softmax(1).sort(1).values
    torch.testing.assert_close(certainty(logits).double(), ordered[:, -1] - ordered[:, -2], rtol=1e-4, atol=1e-6)
    lowest = most_uncertain(logits, 1)[0].flatten()
    assert lowest.tolist() == (ordered[:, -1] - ordered[:, -2]).flatten(1).argmin(1).tolist()
    assert certainty(torch.zeros(1, 5, 2)).tolist() == [[0, 0]]  # all classes alike


def test_two_classes_choose_the_points_that_their_difference_chooses() -> None:
    # The probability of one of two classes minus that of the other is tanh(difference / 2).
    difference = torch.randn(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    both = torch.cat([difference + 1, torch.ones_like(difference)], dim=1)
    torch.testing.assert_close(certainty(both), (difference[:, 0].abs() / 2).tanh())
    assert torch.equal(most_uncertain(both, 20)[0], most_uncertain(difference, 20)[0])


def test_refinement_changes_the_most_uncertain_cells_alone() -> None:
    logits = 3 * torch.randn(2, 3, 5, 4, generator=torch.Generator().manual_seed(0))
    found = refine(logits, (9, 8), 10, lambda points: 100 + points.transpose(1, 2).repeat(1, 2, 1)[:, :3])
    enlarged = torch.nn.functional.interpolate(logits, (9, 8), mode="bilinear")
    changed = found[:, 0] > 50
    assert changed.flatten(1).sum(1).tolist() == [10, 10]
    assert torch.equal(found.movedim(1, -1)[~changed], enlarged.movedim(1, -1)[~changed])
    for own, sure in zip(changed, certainty(enlarged), strict=True):
        assert sure[own].max() <= sure[~own].min()
    x = ((torch.arange(8) + 0.5) / 8).expand(2, 9, 8)
    torch.testing.assert_close(found[:, 0][changed], 100 + x[changed])


def wavy(points: torch.Tensor) -> torch.Tensor:
    """Return logits ``(N, 1, P)`` that interpolation cannot reproduce."""
    x, y = points[..., 0], points[..., 1]
    return (torch.sin(9 * x + 3 * y) + torch.cos(17 * y * x) - 0.3)[:, None]


@pytest.mark.parametrize(("side", "steps"), [(7, 2), (7, 3), (5, 1), (4, 0)])
def test_with_every_point_taken_it_is_dense_evaluation(side: int, steps: int) -> None:
    final = side * 2**steps
    dense = wavy(regular_grid(final)[None]).reshape(1, 1, final, final)
    # As many points as the last grid has, so that no grid is asked for in part …
    assert torch.equal(subdivide(wavy, 1, side, steps, final**2), dense)
    asked = []

    def logits_at(points: torch.Tensor) -> torch.Tensor:
        asked.append(points.shape[1])
        return wavy(points)

    # … and one less than would let the last doubling be skipped: it is interpolated, then asked for cell by cell.
    found = subdivide(logits_at, 1, side, steps, 4 * (final // 2) ** 2 - 1)
    assert (found != dense).sum() <= 1
    assert len(asked) == 1 + (steps > 0)


def test_only_the_asked_number_of_points_is_decided_anew_at_each_step() -> None:
    asked = []

    def logits_at(points: torch.Tensor) -> torch.Tensor:
        asked.append(points.shape[1])
        return wavy(points)

    found = subdivide(logits_at, 2, 7, 5, 784)
    assert asked == [784] * 4  # 7 × 7 and 14 × 14 would be asked for as a whole, and so begin with 28 × 28
    assert found.shape == (2, 1, 224, 224)


def test_refinement_decides_the_edge_as_dense_evaluation_does() -> None:
    def disc(points: torch.Tensor) -> torch.Tensor:
        return 40 * (0.3 - (points - 0.5).norm(dim=-1))[:, None]

    dense = disc(regular_grid(224)[None]).reshape(1, 1, 224, 224)
    found = subdivide(disc, 1, 7, 5, 784)
    coarse = torch.nn.functional.interpolate(
        disc(regular_grid(28)[None]).reshape(1, 1, 28, 28), (224, 224), mode="bilinear"
    )
    wrong = [((logits > 0) != (dense > 0)).sum().item() for logits in (found, coarse)]
    assert wrong[0] <= 0.1 * wrong[1]


def test_no_object_has_no_mask() -> None:
    assert subdivide(wavy, 0, 7, 5, 784).shape == (0, 1, 224, 224)


def test_three_quarters_of_the_training_points_are_uncertain_and_the_rest_even() -> None:
    torch.manual_seed(0)
    # Uncertain in a narrow band about x = 0.5 alone.
    logits = (ramp(64, 64)[:, :1] - 32).expand(3, -1, -1, -1)
    points = training_points(logits, 400)
    assert points.shape == (3, 400, 2)
    assert ((points >= 0) & (points <= 1)).all()
    distance = (points[..., 0] - 0.5).abs()
    # 300 of 1200 even draws nearest to the band lie within a quarter of the width; the rest lie anywhere.
    # But for corners of the map, where what lies outside counts as 0 too.
    assert (distance[:, :300] < 0.16).float().mean() > 0.98
    assert math.isclose(float(distance[:, 300:].mean()), 0.25, abs_tol=0.03)


@pytest.mark.parametrize(("importance", "near"), [(0.0, 0.25), (1.0, 0.25 / 3)])
def test_the_share_of_important_points_is_an_option(importance: float, near: float) -> None:
    torch.manual_seed(0)
    points = training_points(ramp(64, 64)[:, :1] - 32, 4000, oversample=3, importance=importance)
    assert math.isclose(float((points[..., 0] - 0.5).abs().mean()), near, abs_tol=0.01)


def test_values_of_chosen_masks_are_those_of_point_sample() -> None:
    generator = torch.Generator().manual_seed(5)
    masks = torch.randint(0, 2, (3, 11, 17), dtype=torch.uint8, generator=generator)
    rows = torch.tensor([2, 0, 2, 1])
    # Some points lie outside, by less than a pixel and by more.
    points = torch.rand(4, 50, 2, generator=generator) * torch.tensor([23.0, 16.0]) - 3
    expected = point_sample(masks[rows, None].float(), points / torch.tensor([17.0, 11.0]))[:, 0]
    torch.testing.assert_close(masks_at(masks, rows, points), expected, atol=1e-5, rtol=0)
    assert masks_at(masks[:0], rows[:0], points[:0]).shape == (0, 50)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e30])
def test_points_that_are_nowhere_read_no_mask(value: float) -> None:
    masks = torch.ones(1, 4, 4, dtype=torch.uint8)
    assert not masks_at(masks, torch.tensor([0]), torch.full((1, 3, 2), value)).any()
