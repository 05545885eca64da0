"""Trust, support and usual agreement, against shares counted by hand."""

from pathlib import Path

import numpy as np
import pytest

from maskwright.reviewing.image_evidence import evidence_of_images
from maskwright.reviewing.reliability import measure_reliability, size_of, support_of_objects
from tests.reviewing.scenes import CLEAN, PLACES, Image, read, written

DISC, SQUARE = np.array([3]), np.array([7])


def measured(folder: Path, *images: Image):
    found = list(evidence_of_images(*read(*written(folder, *images))))
    return measure_reliability(found), found


def test_trust_is_the_share_that_is_right_at_that_score(tmp_path: Path):
    # 60 of 60 right at 0.95; 20 of 20 wrong at 0.2.
    reliability, _ = measured(tmp_path, *[(PLACES, [*CLEAN[1], (3, 0.2, (70.0, 70.0, 20.0, 20.0))])] * 20)
    assert reliability.trust(DISC, np.array([0.95]))[0] > 0.98
    assert reliability.trust(DISC, np.array([0.2]))[0] < 0.05


def test_a_class_has_its_own_trust_and_few_detections_that_of_all(tmp_path: Path):
    wrong = [(7, 0.95, (70.0, 70.0, 20.0, 20.0))]
    reliability, _ = measured(tmp_path, *[(PLACES, [*CLEAN[1], *wrong])] * 20)
    discs, squares = (float(reliability.trust(each, np.array([0.95]))[0]) for each in (DISC, SQUARE))
    # Discs: 80 right; squares: 40 right and 20 wrong.
    general = 120.5 / 141
    assert discs == pytest.approx((80 + 8 * general) / 88)
    assert squares == pytest.approx((40 + 8 * general) / 68)
    assert reliability.trust(np.array([99]), np.array([0.95]))[0] == pytest.approx(general)


def test_support_is_by_any_class_and_falls_with_the_overlap(tmp_path: Path):
    other: Image = ([(3, (5, 50, 30, 30)), (3, (60, 5, 20, 20))], [(7, 0.95, (5, 50, 30, 30))])
    reliability, images = measured(tmp_path, other)
    support = support_of_objects(images[0], reliability)
    assert support[0] > 0.9
    assert support[1] == 0


def test_what_is_usual_is_of_the_class_and_size_where_there_are_enough(tmp_path: Path):
    reliability, _ = measured(tmp_path, *[(PLACES, CLEAN[1][:2])] * 20)
    assert size_of(20 * 20) == size_of(30 * 30) == 0
    assert (size_of(32**2), size_of(96**2)) == (1, 2)
    assert reliability.usual_support(3, 400) > 0.9
    assert 0.4 < reliability.usual_support(7, 900) < 0.6  # found on half of the images
    assert reliability.usual_agreement(7, 900) == 1
    assert reliability.usual_support(99, 10**6) == reliability.support[(None, None)]


def test_without_a_right_detection_nothing_is_trusted(tmp_path: Path):
    labels, results = written(tmp_path)
    results.write_text("[]")
    reliability = measure_reliability(list(evidence_of_images(*read(labels, results))))
    assert reliability.usual_support(3, 400) == 0
    assert reliability.usual_agreement(3, 400) == 0
