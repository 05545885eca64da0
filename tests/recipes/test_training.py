from typing import Any

import pytest
from pydantic import ValidationError

from maskwright.recipes.training import Augment, Loss, Optimizer, Sampling, Schedule, Train, Wandb


@pytest.mark.parametrize(
    ("section", "values"),
    [
        (Augment, {"scale": [2.0, 0.5]}),
        (Augment, {"scale": [0.0, 1.0]}),
        (Augment, {"scale": [1.0]}),
        (Augment, {"horizontal_flip": 1.5}),
        (Augment, {"rotation": -1}),
        (Augment, {"hue": 0.6}),
        (Augment, {"crop": 8}),
        (Augment, {"copy_paste": 1.1}),
        (Loss, {"name": "dice"}),
        (Loss, {"class_weights": "inverse"}),
        (Loss, {"effective_beta": 1.0}),
        (Loss, {"boundary_weight": -1}),
        (Loss, {"boundary_sigma": 0}),
        (Loss, {"tversky_beta": 0}),
        (Loss, {"tversky_gamma": 0.5}),
        (Loss, {"ohem_share": 0}),
        (Loss, {"ohem_share": 1.1}),
        (Loss, {"ohem_threshold": 0}),
        (Loss, {"ohem_threshold": 1}),
        (Optimizer, {"lr": 0}),
        (Optimizer, {"momentum": 1}),
        (Optimizer, {"encoder_lr_factor": 0}),
        (Sampling, {"power": 0}),
        (Sampling, {"threshold": 1.5}),
        (Schedule, {"peak": 1}),
        (Schedule, {"factor": 1}),
        (Train, {"epochs": 0}),
        (Train, {"epochs": 1, "ema": 1.0}),
        (Train, {"epochs": 1, "batch_size": 0}),
        (Train, {"epochs": 1, "accumulate": 0}),
        (Train, {"epochs": 1, "patience": 0}),
        (Train, {"epochs": 2, "head_only_epochs": 2}),
        (Train, {"epochs": 1, "precision": "16"}),
        (Train, {"epochs": 1, "trackers": ["tensorbord"]}),
        (Train, {}),
        (Wandb, {"mode": "disabled"}),
        (Wandb, {"project": ""}),
    ],
    ids=lambda value: str(getattr(value, "__name__", value)),
)
def test_values_out_of_their_range_are_refused(section: type, values: dict[str, Any]):
    with pytest.raises(ValidationError):
        section.model_validate(values)


@pytest.mark.parametrize("milestones", [[0.9, 0.6], [0.5, 0.5], [0.0, 0.5], [0.5, 1.0], [3, 5]])
def test_milestones_are_rising_shares_of_the_training(milestones: list[float]):
    with pytest.raises(ValidationError, match="between 0 and 1, the earlier first"):
        Schedule.model_validate({"name": "step", "milestones": milestones})


def test_one_cycle_has_no_second_warm_up():
    with pytest.raises(ValidationError, match="set peak"):
        Schedule.model_validate({"name": "one_cycle", "warmup_steps": 10})
    assert Schedule.model_validate({"name": "one_cycle", "peak": 0.1})


@pytest.mark.parametrize("name", ["tversky", "focal_tversky", "lovasz"])
@pytest.mark.parametrize("weights", [{"class_weights": "median_frequency"}, {"boundary_weight": 2}])
def test_a_loss_without_single_pixels_cannot_weigh_them(name: str, weights: dict[str, Any]):
    with pytest.raises(ValidationError, match=rf"{name} measures whole classes.*leave out {next(iter(weights))}"):
        Loss.model_validate({"name": name} | weights)


@pytest.mark.parametrize("name", ["cross_entropy", "dice_ce", "lovasz_ce", "focal"])
def test_the_other_losses_can(name: str):
    assert Loss.model_validate({"name": name, "class_weights": "effective_number", "boundary_weight": 2})


@pytest.mark.parametrize("name", ["focal", "tversky", "focal_tversky", "lovasz"])
@pytest.mark.parametrize("mining", [{"ohem_share": 0.5}, {"ohem_threshold": 0.7}])
def test_a_loss_without_cross_entropy_has_no_hard_pixels_to_choose(name: str, mining: dict[str, Any]):
    with pytest.raises(ValidationError, match=rf"{name} has no cross-entropy.*leave out {next(iter(mining))}, or use"):
        Loss.model_validate({"name": name} | mining)


@pytest.mark.parametrize("name", ["cross_entropy", "dice_ce", "lovasz_ce"])
def test_a_loss_with_cross_entropy_may_choose_them_by_share_by_threshold_or_by_both(name: str):
    assert Loss.model_validate({"name": name, "ohem_share": 1, "ohem_threshold": 0.7, "boundary_weight": 2})


def test_patience_lasts_until_the_next_validation_at_least():
    with pytest.raises(ValidationError, match="expected at least validate_every, 5"):
        Train.model_validate({"epochs": 20, "validate_every": 5, "patience": 4})
    assert Train.model_validate({"epochs": 20, "validate_every": 5, "patience": 5})
