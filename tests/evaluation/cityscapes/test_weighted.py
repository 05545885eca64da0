"""Cityscapes' AP of weighted images against the official rule on lists in which images are repeated."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.annotations.cityscapes_labels import INSTANCE_LABELS
from maskwright.evaluation.cityscapes.average_precision import average_precision
from maskwright.evaluation.cityscapes.matching import OVERLAPS, CityscapesMatches
from maskwright.evaluation.cityscapes.weighted import weighted_precision

CLASSES, THRESHOLDS = len(INSTANCE_LABELS), len(OVERLAPS)


def image(rng: np.random.Generator) -> CityscapesMatches:
    """Predictions right, wrong or ignored at will, scores that often tie, and objects of two classes."""
    count = int(rng.integers(0, 6))
    kind, classes = rng.integers(0, 3, (THRESHOLDS, count)), rng.integers(0, 2, count)
    # Every object is found by one prediction or missed.
    found = np.stack([((kind == 0) & (classes == c)).sum(axis=1) for c in range(CLASSES)], axis=1)
    objects = found.max(axis=0, initial=0)
    objects[:2] += rng.integers(0, 3, 2)
    confidence = rng.choice([0.25, 0.5, rng.random()], count)
    return CityscapesMatches(classes, confidence, kind == 0, kind == 1, objects, objects - found)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_weights_are_repetitions(seed: int):
    rng = np.random.default_rng(seed)
    images = [image(rng) for _ in range(4)]
    times = rng.integers(0, 4, 4)
    times[0] += not times.any()
    ours = weighted_precision(images, np.stack([times, np.ones(4, np.int64)]))
    for row, repeated in zip(
        ours, ([i for i, n in zip(images, times, strict=True) for _ in range(n)], images), strict=True
    ):
        theirs = average_precision(repeated)[0]
        assert np.allclose(row, theirs, rtol=0, atol=1e-12, equal_nan=True)


def test_no_images_have_no_number():
    assert np.isnan(weighted_precision([], np.zeros((2, 0), np.int64))).all()
