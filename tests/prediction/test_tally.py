"""What a prediction found, in a line."""

import numpy as np
import pytest

from maskwright.prediction.tally import Tally
from maskwright.structures import ClassTable, Instances

TABLE = ClassTable.from_names(["cat", "dog", "cow"])


def found(*objects: tuple[int, float]) -> Instances:
    labels, scores = [label for label, _ in objects], [score for _, score in objects]
    masks = np.zeros((len(objects), 4, 4), np.bool_)
    return Instances(
        (4, 4), np.zeros((len(objects), 4), np.float32), np.array(labels, np.int64), masks, np.array(scores, np.float32)
    )


def test_objects_are_counted_by_class_with_the_highest_score() -> None:
    tally = Tally(TABLE, score=0.5)
    tally.add_instances(found((2, 0.9), (2, 0.5), (1, 0.6), (1, 0.2)))
    tally.add_instances(found())
    assert tally.lines() == ["objects: 3 (dog 2, cat 1); highest score 0.90"]
    assert tally.to_json()["objects"] == {"cat": 1, "dog": 2, "cow": 0}
    assert tally.to_json()["highest_score"] == pytest.approx(0.9)


@pytest.mark.parametrize(("score", "lower"), [(0.4321, "0.43"), (0.3, "0.3"), (0.0042, "0")])
def test_objects_under_the_threshold_are_told_with_the_option_that_shows_them(score: float, lower: str) -> None:
    tally = Tally(TABLE, score=0.5)
    tally.add_instances(found((1, score)))
    (line,) = tally.lines()
    assert line.startswith("objects: none with --score 0.5; the highest score is 0.")
    assert line.endswith(f"with --score {lower}")
    assert np.float32(score) >= float(lower), "the object is shown with this option"


def test_a_model_that_finds_nothing_at_all_is_told() -> None:
    tally = Tally(TABLE, score=0.5)
    tally.add_instances(found())
    assert tally.lines()[0].startswith("objects: none, at any score.")
    assert tally.to_json() == {"objects": {"cat": 0, "dog": 0, "cow": 0}, "highest_score": None}


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_the_images_with_each_class_are_counted_and_ignored_pixels_are_not(kind: type) -> None:
    tally = Tally(TABLE)
    for pixels in ([[0, 2, 2], [0, 0, 2]], [[1, 2, 0]], [[np.iinfo(kind).max, 0, 0]]):
        tally.add_label_map(np.array(pixels, kind))
    tally.add_label_map(np.full((3000, 1000), 3, kind))
    assert tally.lines() == ["images with a class, of 4: dog 2, cat 1, cow 1"]
    assert tally.to_json() == {"images_with": {"cat": 1, "dog": 2, "cow": 1}}


def test_background_alone_is_told() -> None:
    tally = Tally(TABLE)
    tally.add_label_map(np.zeros((2, 2), np.uint8))
    assert tally.lines()[0].startswith("found: background only, in every image.")


@pytest.mark.parametrize("score", [None, 0.5])
def test_without_an_image_there_is_nothing_to_tell(score: float | None) -> None:
    assert Tally(TABLE, score).lines() == []
