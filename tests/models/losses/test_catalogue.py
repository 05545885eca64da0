"""Properties of every loss: gradients, ignored pixels without effect, and a value when no pixel counts."""

from typing import Any, get_args

import pytest
import torch

from maskwright.errors import UsageError
from maskwright.models.losses.catalogue import LOSSES, SemanticLoss, build_loss
from maskwright.models.losses.cross_entropy import cross_entropy
from maskwright.models.losses.hard_pixels import hard_cross_entropy
from maskwright.models.losses.pixel_weights import pixel_weights
from maskwright.models.losses.tversky import dice, focal_tversky
from maskwright.recipes.training import Loss
from tests.models.losses.batches import IGNORE, random_batch

CLASSES = torch.tensor([0.2, 3.0, 1.0, 0.7], dtype=torch.float64)
WEIGHTED: dict[str, dict[str, Any]] = {
    "plain": {},
    "class weights": {"class_weights": CLASSES},
    "boundary": {"boundary_weight": 3.0, "boundary_sigma": 1.0},
}
MINING: list[dict[str, Any]] = [
    {"ohem_share": 0.3},
    {"ohem_threshold": 0.4},
    {"ohem_share": 0.2, "ohem_threshold": 0.1, "class_weights": CLASSES},
]
EVERY = [(name, {}) for name in LOSSES] + [
    (name, options) for name in ("cross_entropy", "dice_ce", "focal") for options in list(WEIGHTED.values())[1:]
]
EVERY += [(name, options) for name in ("cross_entropy", "lovasz_ce") for options in MINING]


def total(loss: SemanticLoss, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return torch.stack(list(loss(logits, labels).values())).sum()


@pytest.mark.parametrize(("name", "options"), EVERY)
def test_the_gradient_is_that_of_finite_differences(name: str, options: dict[str, Any]) -> None:
    logits, labels = random_batch(absent=(2,))
    small = logits[:, :, :3, :4].detach().clone().requires_grad_()
    loss = build_loss(name, IGNORE, **options)
    assert torch.autograd.gradcheck(lambda given: total(loss, given, labels[:, :3, :4]), (small,))


@pytest.mark.parametrize(("name", "options"), EVERY)
def test_what_the_network_says_at_ignored_pixels_does_not_matter(name: str, options: dict[str, Any]) -> None:
    logits, labels = random_batch()
    changed = torch.where((labels == IGNORE)[:, None], 50 * torch.rand_like(logits), logits)
    loss = build_loss(name, IGNORE, **options)
    assert total(loss, changed, labels).item() == total(loss, logits, labels).item()


@pytest.mark.parametrize(("name", "options"), EVERY)
def test_a_border_of_ignored_pixels_changes_nothing(name: str, options: dict[str, Any]) -> None:
    logits, labels = random_batch()
    loss = build_loss(name, IGNORE, **options)
    wide = torch.nn.functional.pad(logits.detach(), (3, 1, 2, 4), value=7.0)
    framed = torch.nn.functional.pad(labels, (3, 1, 2, 4), value=IGNORE)
    assert total(loss, wide, framed).item() == pytest.approx(total(loss, logits, labels).item(), rel=1e-12)


@pytest.mark.parametrize(("name", "options"), EVERY)
def test_a_batch_without_a_counted_pixel_has_loss_zero_and_gradient_zero(name: str, options: dict[str, Any]) -> None:
    logits, labels = random_batch()
    loss = total(build_loss(name, IGNORE, **options), logits, torch.full_like(labels, IGNORE))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert torch.equal(logits.grad, torch.zeros_like(logits))


@pytest.mark.parametrize("name", LOSSES)
def test_sixteen_bit_label_maps_have_their_own_ignore_value(name: str) -> None:
    logits, labels = random_batch()
    wide = torch.where(labels == IGNORE, 65535, labels)
    ours = total(build_loss(name, 65535), logits, wide).item()
    assert ours == total(build_loss(name, IGNORE), logits, labels).item()


@pytest.mark.parametrize("name", LOSSES)
def test_going_down_the_slope_ends_near_the_truth(name: str) -> None:
    _, labels = random_batch()
    logits = torch.zeros(2, 4, 5, 7, requires_grad=True)
    loss, optimizer = build_loss(name, IGNORE), torch.optim.Adam([logits], 0.3)
    for _ in range(60):
        optimizer.zero_grad()
        total(loss, logits, labels).backward()
        optimizer.step()
    counted = labels != IGNORE
    assert (logits.argmax(dim=1) == labels)[counted].float().mean() > 0.95


@pytest.mark.parametrize("name", LOSSES)
def test_the_parts_have_the_names_that_the_catalogue_says(name: str) -> None:
    logits, labels = random_batch()
    assert tuple(build_loss(name, IGNORE)(logits, labels)) == LOSSES[name]


def test_the_options_reach_the_losses_they_are_for() -> None:
    logits, labels = random_batch()
    parts = build_loss("dice_ce", IGNORE)(logits, labels)
    assert parts["cross_entropy"].item() == cross_entropy(logits, labels, IGNORE).item()
    assert parts["dice"].item() == dice(logits, labels, IGNORE).item()
    parts = build_loss("focal_tversky", IGNORE, tversky_alpha=0.1, tversky_beta=0.4, tversky_gamma=3)(logits, labels)
    assert parts["focal_tversky"].item() == focal_tversky(logits, labels, IGNORE, 0.1, 0.4, 3).item()
    focused = build_loss("focal", IGNORE, focal_gamma=4)(logits, labels)["focal"]
    assert focused.item() < build_loss("focal", IGNORE, focal_gamma=1)(logits, labels)["focal"].item()


@pytest.mark.parametrize("name", ["cross_entropy", "dice_ce", "lovasz_ce"])
def test_hard_pixels_are_chosen_for_the_cross_entropy_and_the_other_part_has_them_all(name: str) -> None:
    logits, labels = random_batch()
    plain = build_loss(name, IGNORE)(logits, labels)
    mined = build_loss(name, IGNORE, ohem_share=0.2, ohem_threshold=0.05)(logits, labels)
    expected = hard_cross_entropy(logits, labels, IGNORE, pixel_weights(labels, IGNORE), 0.2, 0.05)
    assert mined.pop("cross_entropy").item() == expected.item() > plain.pop("cross_entropy").item()
    assert {part: value.item() for part, value in mined.items()} == {part: v.item() for part, v in plain.items()}


def test_a_recipe_knows_exactly_these_losses() -> None:
    assert set(get_args(Loss.model_fields["name"].annotation)) == set(LOSSES)


def test_an_unknown_loss_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"Nearest: .*lovasz"):
        build_loss("lovaz", IGNORE)
