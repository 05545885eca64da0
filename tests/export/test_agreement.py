"""How far two models are apart on one image."""

import numpy as np
import pytest

from maskwright.export.agreement import Kept, instance_agreement, semantic_agreement
from maskwright.structures import Instances

SIZE = (40, 50)


def squares(*places: tuple[int, int], side: int = 10, scores: tuple[float, ...] = (), label: int = 1) -> Instances:
    """Squares at ``places`` ``(top, left)``."""
    masks = np.zeros((len(places), *SIZE), np.bool_)
    for mask, (top, left) in zip(masks, places, strict=True):
        mask[top : top + side, left : left + side] = True
    every = np.asarray(scores or [0.9] * len(places), np.float32)
    return Instances.from_dense(masks, np.full(len(places), label), scores=every)


def test_equal_results_are_not_apart() -> None:
    found = squares((0, 0), (20, 20))
    agreement = instance_agreement("a.png", found, found, Kept())
    assert agreement.worst == 0
    assert (agreement.compared, agreement.mask_iou) == (2, 1.0)


def test_two_images_without_objects_are_alike() -> None:
    nothing = Instances.empty(SIZE)
    agreement = instance_agreement("a.png", nothing, nothing, Kept())
    assert (agreement.worst, agreement.compared, agreement.mask_iou) == (0, 0, None)


def test_differences_of_matched_objects_are_shares() -> None:
    one, other = squares((0, 0), (20, 20)), squares((20, 21), (0, 0), scores=(0.8, 0.9))
    agreement = instance_agreement("a.png", one, other, Kept())
    assert agreement.shares["scores"] == pytest.approx(0.1, abs=1e-6)
    assert agreement.shares["boxes"] == pytest.approx(1 / 50)
    assert agreement.shares["masks"] == pytest.approx(20 / 2000)
    assert agreement.mask_iou == pytest.approx(90 / 110)
    assert agreement.shares["unmatched"] == 0


def test_an_object_of_another_class_has_no_partner() -> None:
    one, other = squares((0, 0)), squares((0, 0), label=2)
    assert instance_agreement("a.png", one, other, Kept()).shares["unmatched"] == pytest.approx(0.85)


def test_an_object_at_the_limit_may_be_missing() -> None:
    one = squares((0, 0), (20, 20), scores=(0.9, 0.0501))
    assert instance_agreement("a.png", one, squares((0, 0)), Kept()).worst == pytest.approx(0.0001, abs=1e-5)
    full = squares((0, 0), (20, 0), scores=(0.9, 0.4))
    other = squares((0, 0), (20, 20), scores=(0.9, 0.4))
    assert instance_agreement("a.png", full, other, Kept(most=2)).worst == 0
    assert instance_agreement("a.png", full, other, Kept(most=100)).worst == pytest.approx(0.35)


def test_semantic_differences_are_shares_of_the_largest_logit_and_of_the_pixels() -> None:
    logits = np.full((2, 4, 5), 10, np.float32)
    other = logits.copy()
    other[1, 0, 0] += 1
    labels, changed = np.zeros((8, 10), np.uint8), np.zeros((8, 10), np.uint8)
    changed[0, :4] = 1
    agreement = semantic_agreement("a.png", logits, other, labels, changed)
    assert agreement.shares == {"logits": pytest.approx(0.1), "pixels": pytest.approx(0.05)}
    assert agreement.compared == 80
