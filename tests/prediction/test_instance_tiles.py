"""Objects of tiles: those across seams come back as one, and one tile changes nothing."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.errors import UsageError
from maskwright.prediction.instance_tiles import predict_tiles, require_tiles_alone
from maskwright.prediction.sources import Image
from maskwright.prediction.test_time_augmentation import Views
from maskwright.structures import ClassTable, Instances
from maskwright.synthetic.shapes import write_shapes

TABLE = ClassTable.from_names([str(label) for label in range(1, 256)])


def components(image: Image) -> Instances:
    """A model without fault: the connected pixels of one grey level above 0, as objects of that class."""
    level = image[..., 0]
    masks, labels = [], []
    for label in np.unique(level[level > 0]).tolist():
        count, numbered = cv2.connectedComponents((level == label).astype(np.uint8))
        masks += [numbered == number for number in range(1, count)]
        labels += [label] * (count - 1)
    if not masks:
        return Instances.empty(level.shape, TABLE)
    dense = np.stack(masks)
    scores = np.linspace(0.9, 0.5, len(dense), dtype=np.float32)
    found = Instances.from_dense(dense, np.asarray(labels), scores=scores)
    found.classes = TABLE
    return found


def each(images: Iterable[Image]) -> Iterator[Instances]:
    return map(components, images)


def picture(levels: np.ndarray) -> Image:
    return np.repeat(levels[..., None].astype(np.uint8), 3, axis=2)


def test_one_tile_is_the_image() -> None:
    levels = np.zeros((40, 50))
    levels[5:20, 5:30], levels[25:35, 10:20] = 1, 2
    assert predict_tiles(each, picture(levels), 50, 0.25) == components(picture(levels))


def test_an_object_over_four_tiles_comes_back_as_one() -> None:
    levels = np.zeros((100, 100), np.uint8)
    cv2.circle(levels, (50, 50), 35, 1, -1)
    (found,) = [predict_tiles(each, picture(levels), 60, 0.2)]
    assert (found.labels.tolist(), found.size, found.classes) == ([1], (100, 100), TABLE)
    assert (found.dense()[0] == (levels == 1)).all()
    np.testing.assert_array_equal(found.boxes[0], [15, 15, 86, 86])


def test_neighbours_of_one_class_stay_apart_and_other_classes_too() -> None:
    levels = np.zeros((64, 160), np.uint8)
    levels[10:50, 70:78], levels[10:50, 80:90], levels[10:50, 90:100] = 1, 1, 2
    found = predict_tiles(each, picture(levels), 96, 0.3)
    assert sorted(found.labels.tolist()) == [1, 1, 2]
    assert sorted(found.areas.tolist()) == [320, 400, 400]


def test_without_objects_there_are_none() -> None:
    found = predict_tiles(each, picture(np.zeros((100, 100))), 60, 0.2)
    assert (len(found), found.size, found.classes) == (0, (100, 100), TABLE)


@pytest.mark.parametrize("window", [96, 160])
def test_scenes_enlarged_are_the_objects_of_the_whole(window: int, tmp_path: Path) -> None:
    """Every visible object of the built-in scenes, three times as large, has its partner of IoU 0.99."""
    for sample in CocoDataset.open(write_shapes(tmp_path, 20, size=(96, 128))):
        levels = np.zeros(sample.size, np.uint8)
        for number, mask in enumerate(sample.instances.dense(), start=1):
            levels[mask] = number
        large = picture(cv2.resize(levels, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST))
        whole, tiled = components(large), predict_tiles(each, large, window, 0.3)
        for label in np.unique(whole.labels):
            one, other = (found[found.labels == label].dense().any(axis=0) for found in (whole, tiled))
            assert (one == other).all()
        assert len(tiled) == len(whole), sample.name


def test_only_tiles_that_overlap_are_for_instances() -> None:
    require_tiles_alone(Views(window=64), "flip, scales")
    for views, message in (
        (Views(flip=True), "flip, scales average"),
        (Views(window=64, overlap=0), "overlap above 0"),
    ):
        with pytest.raises(UsageError, match=message):
            require_tiles_alone(views, "flip, scales")
