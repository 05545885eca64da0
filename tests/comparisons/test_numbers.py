"""The images that change most, and the shape of the numbers that others rely on."""

from pathlib import Path

import numpy as np
import pytest

from maskwright.comparisons.entrants import Entrant
from maskwright.comparisons.numbers import changed_images, comparison_numbers
from maskwright.evaluation.bootstrap import Resampling
from tests.comparisons.test_paired import MeanScores


def test_the_images_that_change_most_come_first() -> None:
    values = [np.array([0.5, 0.1, 1.0, 0.4]), np.array([0.5, 0.9, 0.7, 0.4])]
    found = changed_images(values, ["a", "b", "c", "d"], ["old", "new"], 3)
    assert [(each["file_name"], each["position"]) for each in found] == [("b", 1), ("c", 2)]
    assert found[0]["change"] == pytest.approx(0.8)
    assert found[0]["scores"] == {"old": 0.1, "new": 0.9}


def test_the_numbers_have_the_shape_that_others_rely_on() -> None:
    rng = np.random.default_rng(0)
    values = [[rng.random(30)], [rng.random(30) + 1]]
    entrants = [Entrant("a", (Path("a.json"),)), Entrant("b", (Path("b.json"),))]
    found = comparison_numbers(MeanScores(values), entrants, Resampling(200))
    [difference] = found["differences"]
    assert set(difference) == {"measure", "class", "value", "low", "high", "p", "p_holm", "of", "less"}
    assert (difference["of"], difference["less"]) == ("b", "a")
    assert difference["value"] == pytest.approx(values[1][0].mean() - values[0][0].mean())
    assert found["verdict"].startswith("b is better than a")
    assert found["pairs"][0]["shown"] is True
    assert found["models"][0]["scores"][0]["value"] == pytest.approx(values[0][0].mean())
