"""Answers: COCO's records of objects and classes, and label maps."""

import msgspec
import numpy as np

from maskwright.server.answers import answer, label_png, painted_label_map
from maskwright.structures import ClassTable, Instances

TABLE = ClassTable.from_names(["cat", "dog"])


def overlapping() -> Instances:
    masks = np.zeros((2, 4, 6), bool)
    masks[0, :2, :3] = True
    masks[1, 1:, 1:] = True
    return Instances.from_dense(masks, labels=[2, 1], scores=[0.9, 0.4], crowd=[False, True])


def test_objects_are_coco_records_with_names() -> None:
    found = overlapping()
    said = msgspec.json.decode(msgspec.json.encode(answer(found, TABLE)))
    assert Instances.from_coco(said["objects"], (4, 6)) == Instances(
        found.size,
        found.boxes,
        found.labels,
        found.masks,
        found.scores,
        [False, False],  # type: ignore[arg-type]
    )
    assert [(each["class"], each["area"], each["crowd"]) for each in said["objects"]] == [
        ("dog", 6, False),
        ("cat", 15, True),
    ]
    assert (said["task"], said["width"], said["height"]) == ("instance", 6, 4)


def test_nothing_found_is_an_empty_list() -> None:
    assert answer(Instances.empty((4, 6)), TABLE).objects == []
    assert answer(np.zeros((4, 6), np.uint8), TABLE).objects == []


def test_classes_of_a_label_map_leave_background_and_ignored_pixels_out() -> None:
    label_map = np.array([[0, 2, 2], [255, 2, 0]], np.uint8)
    (only,) = answer(label_map, TABLE).objects
    assert (only.class_name, only.score, only.area, only.bbox) == ("dog", None, 3, [1.0, 0.0, 2.0, 2.0])


def test_the_best_score_is_painted_last() -> None:
    assert painted_label_map(overlapping(), TABLE)[1].tolist() == [2, 2, 2, 1, 1, 1]


def test_more_than_254_classes_get_16_bits() -> None:
    table = ClassTable.from_names([f"c{number}" for number in range(300)])
    found = Instances.from_dense(np.ones((1, 2, 2)), labels=[299], scores=[1.0])
    assert painted_label_map(found, table).dtype == np.uint16
    assert label_png(found, table)[24] == 16  # the bit depth
