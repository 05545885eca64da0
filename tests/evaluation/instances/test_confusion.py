from typing import Any

import numpy as np
from hypothesis import given, settings

from maskwright.evaluation.coco.matches import coco_matches
from maskwright.evaluation.instances.confusion import ObjectConfusion, confusion_rows, image_confusion, most_confused
from tests.evaluation.invented_coco import datasets

INDEX = {1: 0, 2: 1}
BOX, FAR = [10.0, 10.0, 20.0, 20.0], [60.0, 60.0, 20.0, 20.0]


def truth(category: int, box: list[float], crowd: int = 0) -> dict[str, Any]:
    return {"category_id": category, "bbox": box, "iscrowd": crowd}


def found(category: int, box: list[float], score: float = 0.9) -> dict[str, Any]:
    return {"category_id": category, "bbox": box, "score": score}


def confusion(objects: list[dict[str, Any]], detections: list[dict[str, Any]]) -> list[list[int]]:
    counts = image_confusion(objects, detections, INDEX, "bbox")
    return confusion_rows(counts, ["dog", "cat"], most=2)["counts"]


def test_right_wrong_and_missing():
    assert confusion([truth(1, BOX), truth(2, FAR)], [found(1, BOX), found(1, FAR)]) == [
        [1, 0, 0],
        [1, 0, 0],
        [0, 0, 0],
    ]
    assert confusion([truth(1, BOX)], [found(2, FAR)]) == [[0, 0, 1], [0, 0, 0], [0, 1, 0]]


def test_its_own_class_comes_before_a_surer_detection_of_another():
    assert confusion([truth(1, BOX)], [found(2, BOX, 0.9), found(1, BOX, 0.8)]) == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]


def test_a_second_detection_of_an_object_found_nothing():
    assert confusion([truth(1, BOX)], [found(1, BOX, 0.9), found(1, BOX, 0.8)]) == [[1, 0, 0], [0, 0, 0], [1, 0, 0]]


def test_what_lies_on_a_crowd_of_its_class_does_not_count():
    crowd = truth(1, [0.0, 0.0, 80.0, 80.0], crowd=1)
    assert confusion([crowd], [found(1, BOX), found(2, BOX)]) == [[0, 0, 0], [0, 0, 0], [0, 1, 0]]


def test_nothing_found_and_nothing_there():
    assert confusion([], []) == [[0] * 3] * 3
    assert confusion([truth(2, BOX)], []) == [[0, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert confusion([], [found(2, BOX)]) == [[0, 0, 0], [0, 0, 0], [0, 1, 0]]


@settings(max_examples=40)
@given(datasets())
def test_the_diagonal_is_what_coco_counts_as_right_and_rows_are_all_objects(dataset: Any):
    document, results = dataset
    index = {category["id"]: position for position, category in enumerate(document["categories"])}
    # COCO breaks ties of scores and overlaps by its own order.
    results = [{**each, "score": each["score"] + position * 1e-6} for position, each in enumerate(results)]
    confused = ObjectConfusion()
    for image in document["images"]:
        objects, detections = (
            [each for each in records if each["image_id"] == image["id"]]
            for records in (document["annotations"], results)
        )
        confused.update(image_confusion(objects, detections, index, "segm"))
    counts = np.array(confusion_rows(confused, [str(category) for category in index], len(index))["counts"])
    matches = coco_matches(document, results, "segm")
    for category, position in index.items():
        mine = matches.of_class(category)
        assert counts[position].sum() == len(mine.found_at)
        assert counts[position, position] == mine.right.sum()


COUNTS = ObjectConfusion(
    {(0, 0): 5, (0, 1): 2, (0, 2): 9, (1, 0): 3, (1, 1): 4, (1, 2): 9, (2, 0): 9, (2, 1): 9},
)


def test_the_most_confused_come_first_and_nothing_is_no_class():
    assert most_confused(COUNTS, ["dog", "cat"]) == [("cat", "dog", 3), ("dog", "cat", 2)]
    assert most_confused(COUNTS, ["dog", "cat"], limit=1) == [("cat", "dog", 3)]
    assert most_confused(ObjectConfusion(), ["dog", "cat"]) == []
    assert most_confused(ObjectConfusion({(1, 0): 3, (0, 1): 3}), ["dog", "cat"])[0] == ("dog", "cat", 3)


def test_the_matrix_has_every_class_up_to_a_number_of_them():
    assert confusion_rows(COUNTS, ["dog", "cat"], most=2) == {
        "rows": "truth",
        "names": ["dog", "cat", "nothing"],
        "counts": [[5, 2, 9], [3, 4, 9], [9, 9, 0]],
        "left_out": 0,
    }
    assert confusion_rows(ObjectConfusion(), ["dog"], most=1)["counts"] == [[0, 0], [0, 0]]


def test_of_more_classes_the_matrix_has_the_most_frequent_that_occur_in_their_order():
    counts = ObjectConfusion({(4, 4): 1, (1, 5): 2, (5, 3): 9, (3, 1): 1})
    names = ["ant", "bee", "cat", "dog", "elk"]
    assert confusion_rows(counts, names, most=4) == {
        "rows": "truth",
        "names": ["bee", "dog", "elk", "nothing"],
        "counts": [[0, 0, 0, 2], [1, 0, 0, 0], [0, 0, 1, 0], [0, 9, 0, 0]],
        "left_out": 2,
    }
    assert confusion_rows(counts, names, most=2)["names"] == ["bee", "dog", "nothing"]
    assert confusion_rows(ObjectConfusion({(5, 3): 9}), names, most=2)["names"] == ["dog", "nothing"]


def test_an_image_of_a_data_set_of_many_classes_counts_no_more_than_it_holds():
    index = {category: category for category in range(100_000)}
    assert image_confusion([truth(7, BOX)], [found(7, BOX), found(9, FAR)], index, "bbox") == {
        (7, 7): 1,
        (100_000, 9): 1,
    }
