import numpy as np
import pytest

from maskwright.evaluation.bootstrap import Resampling, bootstrap_weights
from maskwright.evaluation.panoptic.intervals import panoptic_intervals
from maskwright.evaluation.panoptic.quality import MatchCounts, panoptic_scores

NAMES, THINGS = ["sky", "car", "moon", "bus"], [False, True, True, None]


def images_with_counts(seed: int, number: int = 30) -> list[dict[int, MatchCounts]]:
    rng = np.random.default_rng(seed)
    images = []
    for _ in range(number):
        image = {}
        # No image has the third class.
        for index in (1, 2, 4):
            matched, wrong, missed = (int(count) for count in rng.integers(0, 3, 3))
            if rng.random() < 0.7:
                image[index] = MatchCounts(matched, wrong, missed, float(rng.uniform(0.5, 1, matched).sum()))
        images.append(image)
    return images


def scores_of(images: list[dict[int, MatchCounts]]) -> dict:
    total: dict[int, MatchCounts] = {}
    for image in images:
        for index, counts in image.items():
            total[index] = total.get(index, MatchCounts()).plus(counts)
    return panoptic_scores(total, NAMES, THINGS)


@pytest.mark.parametrize("seed", range(5))
def test_values_are_the_scores_and_bounds_those_of_scoring_each_sample(seed: int) -> None:
    images = images_with_counts(seed)
    resampling = Resampling(samples=200, seed=seed)
    found = panoptic_intervals(images, NAMES, THINGS, resampling)
    whole = scores_of(images)
    samples = [
        scores_of([image for image, often in zip(images, row, strict=True) for _ in range(often)])
        for row in bootstrap_weights(len(images), 200, seed)
    ]
    for part in (None, "things", "stuff"):
        for key in ("PQ", "SQ", "RQ"):
            interval = (found if part is None else found[part])[key]
            values = [(each if part is None else each[part])[key] for each in samples]
            low, high = np.quantile([value for value in values if value is not None], [0.025, 0.975], method="weibull")
            assert interval["value"] == pytest.approx((whole if part is None else whole[part])[key], abs=1e-12)
            assert (interval["low"], interval["high"]) == pytest.approx((low, high), abs=1e-12)
    for name in NAMES:
        assert found["classes"][name]["PQ"]["value"] == (
            None if whole["classes"][name]["PQ"] is None else pytest.approx(whole["classes"][name]["PQ"], abs=1e-12)
        )
    assert found["classes"]["moon"]["PQ"] == {"value": None, "low": None, "high": None}
    assert (found["samples"], found["images"]) == (200, 30)


def test_a_class_of_which_all_is_wrong_has_a_quality_of_zero() -> None:
    found = panoptic_intervals([{1: MatchCounts(0, 2, 1, 0.0)}], ["sky"], [False], Resampling(samples=3))
    assert [found[key]["value"] for key in ("PQ", "SQ", "RQ")] == [0.0, 0.0, 0.0]


def test_without_images_there_is_nothing() -> None:
    assert panoptic_intervals([], ["sky"], [False], Resampling(samples=3))["PQ"]["low"] is None
