import hotcoco.mask
import numpy as np

from maskwright.images.lettering import contrast
from maskwright.reports.pictures.errors import (
    FALSE_POSITIVE,
    FOUND,
    MISSED,
    OUTCOMES,
    WRONG_CLASS,
    object_outcomes,
    overlay_errors,
    pixel_outcomes,
)


def square(x1: int, y1: int, x2: int, y2: int) -> dict:
    mask = np.zeros((20, 30), np.uint8, order="F")
    mask[y1:y2, x1:x2] = 1
    return hotcoco.mask.encode(mask)


def test_each_pixel_has_the_outcome_of_its_truth_and_prediction():
    truth = np.array([[0, 0, 1, 1, 1, 255]], np.uint8)
    predicted = np.array([[0, 2, 1, 0, 2, 1]], np.uint8)
    expected = [[0, FALSE_POSITIVE, FOUND, MISSED, WRONG_CLASS, OUTCOMES.ignore_index]]
    assert pixel_outcomes(truth, predicted, 255).tolist() == expected


def test_outcomes_of_many_classes_fit_into_a_byte():
    truth = np.array([[0, 300, 65535]], np.uint16)
    predicted = np.array([[0, 300, 7]], np.uint16)
    assert pixel_outcomes(truth, predicted, 65535).tolist() == [[0, FOUND, OUTCOMES.ignore_index]]


def test_small_errors_stand_on_large_objects():
    outcomes = object_outcomes((20, 30), [square(0, 0, 20, 20)], [square(5, 5, 8, 8)], [square(22, 2, 28, 9)])
    assert outcomes[1, 1] == FOUND
    assert outcomes[6, 6] == FALSE_POSITIVE
    assert outcomes[5, 25] == MISSED
    assert outcomes[19, 29] == 0


def test_an_image_without_objects_has_no_outcome():
    assert not object_outcomes((4, 4), [], [], []).any()


def test_errors_are_drawn_in_their_colours_on_a_grey_image():
    image = np.zeros((20, 30, 3), np.uint8)
    image[:] = (200, 40, 40)
    drawn = overlay_errors(image, object_outcomes((20, 30), [], [square(0, 0, 10, 10)], []))
    assert len(set(drawn[15, 20].tolist())) == 1
    assert drawn[9, 5].tolist() == list(OUTCOMES.classes[FALSE_POSITIVE - 1].color)


def test_the_three_outcomes_of_objects_differ_in_lightness_too():
    found, wrong, missed = (OUTCOMES.classes[i - 1].color for i in (FOUND, FALSE_POSITIVE, MISSED))
    assert contrast(missed, wrong) > 1.4
    assert contrast(missed, found) > 1.3
