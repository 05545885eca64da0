"""The choices that types name are those that the package takes, and the shapes are those that it makes."""

from typing import get_args

import numpy as np
import pytest

from maskwright.annotations.taxonomy.loading import RIDER_RULES
from maskwright.errors import UsageError
from maskwright.label_maps.options import CROWD_RULES, MaskOptions
from maskwright.masks.label_map import draw_label_map
from maskwright.masks.overlap import OVERLAP_RULES
from maskwright.models.catalogue import MODELS
from maskwright.structures import CrowdRule, Instances, OverlapRule, RiderRule, Task


@pytest.mark.parametrize(
    ("named", "taken"),
    [(OverlapRule, OVERLAP_RULES), (CrowdRule, CROWD_RULES), (RiderRule, RIDER_RULES)],
    ids=["overlap", "crowd", "rider"],
)
def test_a_type_checker_lets_through_what_the_program_takes(named: object, taken: tuple[str, ...]) -> None:
    assert set(get_args(named)) == set(taken)


def test_there_are_models_of_each_task_and_of_no_other() -> None:
    assert {entry.task for entry in MODELS.values()} == set(get_args(Task))


def test_another_choice_is_refused() -> None:
    with pytest.raises(UsageError, match="smallest"):
        MaskOptions(overlap="smalest")
    with pytest.raises(UsageError, match="ignore"):
        MaskOptions(crowd="ignored")


@pytest.mark.parametrize(
    ("rule", "winner"), [("last", 1), ("first", 2), ("smallest", 3), ("highest-index", 5), ("priority", 4)]
)
def test_each_overlap_rule_decides_in_its_own_way(rule: OverlapRule, winner: int) -> None:
    """Five objects share one pixel; each is the one that one rule prefers."""
    labels = [2, 5, 4, 3, 1]
    masks = np.zeros((5, 6, 6), bool)
    for mask, label in zip(masks, labels, strict=True):
        mask[0, : 1 if label == 3 else 2] = True
    objects = Instances.from_dense(masks, labels)
    weights = [float(label == 4) for label in labels]
    areas = objects.areas.tolist()
    drawn = draw_label_map((6, 6), objects.masks, labels, areas, rule=rule, weights=weights)
    assert drawn[0, 0] == winner


def test_a_mask_is_column_major_compressed_run_lengths() -> None:
    mask = np.zeros((1, 2, 3), bool)
    mask[0, 0, 1] = True
    (rle,) = Instances.from_dense(mask, [1]).masks
    assert rle["size"] == [2, 3]
    # Two pixels of the first column, one of the object, three: as characters from 48 on.
    assert rle["counts"] == b"213"
