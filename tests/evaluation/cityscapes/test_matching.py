import numpy as np
import pytest

from maskwright.errors import DataError
from maskwright.evaluation.cityscapes.matching import (
    CLASS_OF_LABEL,
    OVERLAPS,
    PredictedObjects,
    TrueObjects,
    count_covered,
    match_predictions,
    true_objects,
)

CAR = CLASS_OF_LABEL[26]


def truth(*objects: tuple[int, int]) -> TrueObjects:
    """Cars as (id, pixels)."""
    ids, pixels = (np.array(column, np.int64) for column in zip(*objects, strict=True))
    return TrueObjects(ids, np.full(len(ids), CAR), pixels)


def predictions(*rows: tuple[float, int, int, list[int]]) -> PredictedObjects:
    """Cars as (confidence, pixels, void, pixels shared with each object)."""
    confidence, pixels, void, shared = zip(*rows, strict=True)
    return PredictedObjects(
        np.full(len(rows), CAR), np.array(confidence), np.array(pixels), np.array(void), np.array(shared)
    )


def outcome(truth: TrueObjects, predictions: PredictedObjects, overlap: float = 0.5) -> list[str]:
    verdicts = match_predictions(truth, predictions)
    t = int(np.argmin(np.abs(OVERLAPS - overlap)))
    names = {(True, False): "right", (False, True): "wrong", (False, False): "ignored"}
    return [names[bool(r), bool(w)] for r, w in zip(verdicts.right[t], verdicts.wrong[t], strict=True)]


def test_an_overlap_of_exactly_the_threshold_finds_nothing():
    assert outcome(truth((26000, 150)), predictions((0.9, 150, 0, [100]))) == ["wrong"]  # 100 / 200
    assert outcome(truth((26000, 150)), predictions((0.9, 150, 0, [101]))) == ["right"]


def test_of_two_predictions_of_one_object_the_less_confident_is_wrong_in_either_order():
    car = truth((26000, 200))
    sure, unsure = (0.9, 200, 0, [180]), (0.8, 200, 0, [190])
    assert outcome(car, predictions(sure, unsure)) == ["right", "wrong"]
    assert outcome(car, predictions(unsure, sure)) == ["wrong", "right"]


@pytest.mark.parametrize(("pixels", "expected"), [(99, "ignored"), (100, "right")])
def test_who_finds_an_object_below_100_pixels_is_neither_right_nor_wrong(pixels: int, expected: str):
    assert outcome(truth((26000, pixels)), predictions((0.9, 100, 0, [95]))) == [expected]


def test_who_finds_a_group_is_neither_right_nor_wrong():
    assert outcome(truth((26, 500)), predictions((0.9, 500, 0, [500]))) == ["ignored"]


def test_who_lies_more_on_void_than_the_threshold_is_ignored_and_exactly_as_much_is_wrong():
    elsewhere = truth((26000, 500))
    assert outcome(elsewhere, predictions((0.9, 100, 50, [0]))) == ["wrong"]
    assert outcome(elsewhere, predictions((0.9, 100, 51, [0]))) == ["ignored"]
    assert outcome(elsewhere, predictions((0.9, 100, 51, [0])), overlap=0.55) == ["wrong"]


def test_an_object_of_another_class_is_not_found():
    person = TrueObjects(np.array([24000]), np.array([CLASS_OF_LABEL[24]]), np.array([200]))
    assert outcome(person, predictions((0.9, 200, 0, [200]))) == ["wrong"]


def test_objects_and_misses_are_counted_by_class_without_groups_and_small_ones():
    verdicts = match_predictions(
        truth((26, 400), (26000, 200), (26001, 99), (26002, 300)), predictions((0.9, 200, 0, [0, 190, 0, 0]))
    )
    assert verdicts.objects[CAR] == verdicts.objects.sum() == 2
    assert verdicts.missed[0, CAR] == 1
    assert verdicts.missed[-1, CAR] == 2  # 190 / 210 is not above 0.95


def test_the_objects_of_an_instance_image_and_what_a_mask_shares_with_them():
    ids = np.full((4, 10), 7, np.uint16)
    ids[0] = 0
    ids[1, :6], ids[2, :3], ids[3, :2], ids[3, 5:] = 26000, 26001, 24, 29003
    objects = true_objects(ids)
    assert objects.ids.tolist() == [24, 26000, 26001]
    assert objects.pixels.tolist() == [2, 6, 3]
    void, shared = count_covered(ids[:3, :4].ravel(), objects)
    # A caravan's own instances are not void, though caravans are ignored: so the official script has it.
    assert (void, shared.tolist()) == (4, [0, 4, 3])
    assert count_covered(ids[3].ravel(), objects)[0] == 0


@pytest.mark.parametrize("size", [1, 2, 9, 40])
def test_pixels_are_counted_whether_runs_are_short_or_long(size: int):
    rng = np.random.default_rng(size)
    ids = np.repeat(np.repeat(rng.choice([7, 24000, 24001, 26000, 33007], (60 // size + 1,) * 2), size, 0), size, 1)
    objects = true_objects(ids.astype(np.uint16))
    values, counts = np.unique(ids[ids >= 1000], return_counts=True)
    assert objects.ids.tolist() == values.tolist()
    assert objects.pixels.tolist() == counts.tolist()
    below = ids[:50, 3:41].ravel()
    void, shared = count_covered(below.astype(np.uint16), objects)
    assert void == 0
    assert shared.tolist() == [(below == value).sum() for value in values]


def test_a_value_that_is_no_label_is_refused_by_name():
    with pytest.raises(DataError, match=r"city\.png.*65535"):
        true_objects(np.full((2, 2), 65535, np.uint16), "city.png")


def test_images_without_objects_or_predictions_are_judged():
    no_objects = TrueObjects(*(np.zeros(0, np.int64) for _ in range(3)))
    assert match_predictions(no_objects, no_predictions(0)).right.shape == (len(OVERLAPS), 0)
    assert match_predictions(truth((26000, 200)), no_predictions(1)).missed[0, CAR] == 1
    assert outcome(no_objects, predictions((0.9, 10, 0, []))) == ["wrong"]


def no_predictions(objects: int) -> PredictedObjects:
    nothing = np.zeros(0, np.int64)
    return PredictedObjects(nothing, np.zeros(0), nothing, nothing, np.zeros((0, objects), np.int64))
