"""PointRend's mask head: shapes, losses by formula, and subdivision against prediction of every point."""

import pytest
import torch
from torch.nn import functional

from maskwright.models.mask_targets import ForegroundProposals
from maskwright.models.point_rend import head as point_rend_head
from maskwright.models.point_rend import points as point_rend
from maskwright.models.point_rend.head import STRIDE, PointRendHead, truth_at
from maskwright.models.point_rend.points import refine, regular_grid, subdivide

BOXES = torch.tensor([[8.0, 8, 40, 56], [20, 4, 60, 60]])
CLASSES = torch.tensor([2, 0])


def head(**options) -> PointRendHead:
    torch.manual_seed(0)
    network = PointRendHead(6, 3, coarse_features=8, point_features=10, **options).eval()
    for value in network.parameters():
        if value.ndim > 1:
            torch.nn.init.normal_(value, std=0.3)  # logits that differ from each other
    return network


def maps() -> list[torch.Tensor]:
    return [torch.rand(1, 6, 64 // s, 64 // s, generator=torch.Generator().manual_seed(s)) for s in (4, 8, 16, 32)]


def test_taking_every_point_equals_asking_for_every_point() -> None:
    network = head(subdivision_steps=3, subdivision_points=56 * 56)
    with torch.inference_mode():
        found = network.predict(maps(), [BOXES], CLASSES)
        coarse = network.coarse(maps()[0], [BOXES])
        grid = regular_grid(56).expand(2, -1, -1)
        every = network.logits_at(maps()[0], [BOXES], coarse, grid).reshape(2, 3, 56, 56)
    dense = every[torch.arange(2), CLASSES][:, None].sigmoid()
    assert found.shape == (2, 1, 56, 56)
    torch.testing.assert_close(found, dense)


def test_taking_every_point_of_each_refinement_equals_asking_for_every_point(monkeypatch: pytest.MonkeyPatch) -> None:
    # With more points to take, the first grid would be as fine as the last; so each refinement takes all of its own.
    refined = []

    def whole(logits, size, count, logits_at):
        refined.append((size, count))
        return refine(logits, size, size[0] * size[1], logits_at)

    monkeypatch.setattr(point_rend, "refine", whole)
    network = head()
    with torch.inference_mode():
        found = network.predict(maps(), [BOXES], CLASSES)
        coarse = network.coarse(maps()[0], [BOXES])
        every = network.logits_at(maps()[0], [BOXES], coarse, regular_grid(224).expand(2, -1, -1))
    assert refined == [((56, 56), 784), ((112, 112), 784), ((224, 224), 784)]
    dense = every[torch.arange(2), CLASSES].reshape(2, 1, 224, 224).sigmoid()
    torch.testing.assert_close(found, dense)


def test_it_asks_for_five_doublings_from_7_and_784_points_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(logits_at, objects, side, steps, count, device):
        assert (objects, side, steps, count) == (2, 7, 5, 784)
        return subdivide(logits_at, objects, side, steps, count, device)

    monkeypatch.setattr(point_rend_head, "subdivide", asked)
    with torch.inference_mode():
        head().predict(maps(), [BOXES], CLASSES)


def test_the_published_settings_end_at_224_and_none_is_no_fault() -> None:
    network = head()
    with torch.inference_mode():
        assert network.predict(maps(), [BOXES], CLASSES).shape == (2, 1, 224, 224)
        assert network.predict(maps(), [BOXES[:0]], CLASSES[:0]).shape == (0, 1, 224, 224)


def test_the_point_head_sees_the_coarse_logits_before_every_layer() -> None:
    network = head().point_head
    assert [network.get_submodule(f"fc{n}").weight.shape for n in (1, 2, 3)] == [(10, 9, 1), (10, 13, 1), (10, 13, 1)]
    assert network.predictor.weight.shape == (3, 13, 1)
    fine, coarse = torch.rand(1, 6, 4), torch.rand(1, 3, 4)
    with torch.inference_mode():
        hidden = torch.cat([fine, coarse], dim=1)
        for number in (1, 2, 3):
            weights = network.get_submodule(f"fc{number}")
            hidden = torch.cat(
                [functional.relu(functional.conv1d(hidden, weights.weight, weights.bias)), coarse], dim=1
            )
        expected = functional.conv1d(hidden, network.predictor.weight, network.predictor.bias)
        torch.testing.assert_close(network(fine, coarse), expected)


def region(factor: float = 1.0) -> ForegroundProposals:
    masks = torch.zeros(2, 64, 80, dtype=torch.uint8)
    masks[0, :32] = 1
    masks[1, :, 40:] = 1
    return ForegroundProposals(BOXES * factor, CLASSES, torch.tensor([1, 0]), masks, torch.full((4,), 1 / factor))


@pytest.mark.parametrize("factor", [1.0, 2.5])
def test_the_truth_at_a_point_is_that_of_the_pixels_around_it(factor: float) -> None:
    points = torch.tensor([[[0.9, 0.5], [0.1, 0.1]], [[0.5, 0.2], [0.5, 0.9]]])
    # Object 1 is right of x = 40: the first box reaches just to it. Object 0 is above y = 32: the second begins at 4.
    found = truth_at(region(factor), points)
    assert found.tolist() == [[0, 0], [1, 0]]
    edge = torch.tensor([[[1.0, 0.5]] * 1, [[0.5, 0.5]]])
    torch.testing.assert_close(truth_at(region(factor), edge), torch.tensor([[0.5], [0.5]]))


def test_both_losses_are_there_and_fall_when_the_masks_are_right() -> None:
    torch.manual_seed(0)
    network = head().train()
    losses = network.losses(maps(), [region()])
    assert set(losses) == {"loss_mask", "loss_point"}
    assert all(loss.requires_grad and loss > 0 for loss in losses.values())
    none = ForegroundProposals(BOXES[:0], CLASSES[:0], CLASSES[:0], region().masks, torch.ones(4))
    assert [loss.item() for loss in network.losses(maps(), [none]).values()] == [0, 0]


@pytest.mark.parametrize("name", ["cross_entropy", "smooth_l1"])
def test_the_point_loss_is_cross_entropy_or_smooth_l1_by_option(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = head(point_loss=name)
    points = torch.rand(2, 196, 2, generator=torch.Generator().manual_seed(0))

    def chosen(logits, count, oversample, importance):
        assert logits.shape == (2, 1, 7, 7)  # of the object's own class alone
        assert (count, oversample, importance) == (14 * 14, 3, 0.75)
        return points

    monkeypatch.setattr(point_rend_head, "training_points", chosen)
    with torch.inference_mode():
        found = network.losses(maps(), [region()])["loss_point"]
        coarse = network.coarse(maps()[0], [BOXES])
        logits = network.logits_at(maps()[0], [BOXES], coarse, points)[torch.arange(2), CLASSES].double()
    truth = truth_at(region(), points).double()
    p = 1 / (1 + (-logits).exp())
    if name == "cross_entropy":
        expected = -(truth * p.log() + (1 - truth) * (1 - p).log()).mean()
    else:
        expected = ((p - truth) ** 2 / 2).mean()  # no difference exceeds 1
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-6)


def test_it_looks_at_the_finest_level_alone() -> None:
    assert STRIDE == 4
    network = head()
    with torch.inference_mode():
        one = network.predict(maps(), [BOXES], CLASSES)
        other = network.predict([maps()[0], *(level * 0 for level in maps()[1:])], [BOXES], CLASSES)
    assert torch.equal(one, other)
