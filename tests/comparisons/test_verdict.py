"""The verdicts that a comparison may come to."""

import numpy as np

from maskwright.comparisons.paired import Difference, Measure
from maskwright.comparisons.verdict import is_shown, rounded_images, verdict
from maskwright.evaluation.bootstrap import BootstrapEstimate

NAMES = ["old", "new"]


def difference(value: float | None, spread: float, p: float | None) -> Difference:
    replicates = (0.0 if value is None else value) + spread * np.linspace(-1.96, 1.96, 1001)
    estimate = BootstrapEstimate(value, replicates)
    return Difference(1, 0, Measure("segm AP"), estimate, p, p)


def test_the_better_model_is_named_whichever_it_is() -> None:
    said = verdict(difference(0.018, 0.005, 0.004), NAMES, 300, 0.95)
    assert said == "new is better than old by 0.018 mask AP (95 % interval 0.009 to 0.027, p = 0.004)."
    said = verdict(difference(-0.018, 0.005, 0.004), NAMES, 300, 0.95)
    assert said == "old is better than new by 0.018 mask AP (95 % interval 0.009 to 0.027, p = 0.004)."


def test_without_a_difference_the_number_of_images_is_said_that_would_tell() -> None:
    said = verdict(difference(0.005, 0.006, 0.41), NAMES, 300, 0.95)
    assert said.startswith(
        "No difference shown: new less old is 0.005 mask AP (95 % interval −0.006 to 0.016, p = 0.41)."
    )
    assert "300 images cannot tell; about 4,400 would" in said
    assert not is_shown(difference(0.005, 0.006, 0.41), 0.95)


def test_the_interval_and_the_corrected_p_value_must_both_show_it() -> None:
    assert is_shown(difference(0.1, 0.01, 0.04), 0.95)
    assert not is_shown(difference(0.1, 0.01, 0.06), 0.95)
    assert not is_shown(difference(0.1, 0.09, 0.04), 0.95)
    assert not is_shown(difference(None, 0.01, None), 0.95)


def test_equal_and_undefined_scores_are_said_to_be_so() -> None:
    assert "score the same mask AP" in verdict(difference(0.0, 0.0, 1.0), NAMES, 9, 0.95)
    assert "is undefined" in verdict(difference(None, 0.0, None), NAMES, 9, 0.95)
    assert "no number that can be collected" in verdict(difference(1e-6, 0.01, 0.9), NAMES, 9, 0.95)


def test_numbers_of_images_have_two_digits() -> None:
    assert [rounded_images(number) for number in (7, 99, 1432, 987_654)] == [7, 99, 1400, 990_000]
