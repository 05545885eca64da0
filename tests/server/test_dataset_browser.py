"""The data set beside the model: truth in the model's labels, comparisons, filters."""

import math
import time
from pathlib import Path

import numpy as np
import pytest

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.errors import UsageError
from maskwright.server.dataset_browser import DatasetBrowser, ImageFilter, compare_image
from maskwright.server.refusal import Refusal
from maskwright.structures import ClassTable, Instances
from tests.server.served import CLASSES, service_of

TABLE = ClassTable.from_names(["cat", "dog"])


def objects(*found: tuple[int, tuple[int, int], float]) -> Instances:
    """Squares of 10 × 10 pixels, each of a label, at a left upper corner, with a score."""
    masks = np.zeros((len(found), 40, 60), bool)
    for mask, (_, (x, y), _) in zip(masks, found, strict=True):
        mask[y : y + 10, x : x + 10] = True
    return Instances.from_dense(masks, [each[0] for each in found], [each[2] for each in found])


def test_objects_are_compared_as_coco_and_tide_do() -> None:
    truth = objects((1, (0, 0), 1), (2, (20, 0), 1), (2, (40, 20), 1))
    found = objects((1, (0, 0), 0.9), (1, (20, 0), 0.8), (2, (0, 25), 0.7), (1, (0, 1), 0.6), (2, (40, 20), 0.3))
    seen = compare_image(truth, found, TABLE)
    assert seen.confusion.tolist() == [[1, 0, 0], [1, 0, 1], [1, 1, 0]]
    assert seen.errors == {"class": 1, "background": 1, "duplicate": 1, "missed": 2}
    assert seen.found == pytest.approx({1: 0.9, 2: 0.7})


def test_pixels_are_compared_without_the_ignored_ones() -> None:
    truth = np.array([[0, 1, 2, 255], [0, 1, 2, 255]], np.uint8)
    found = np.array([[0, 1, 1, 1], [2, 1, 0, 2]], np.uint8)
    seen = compare_image(truth, found, TABLE)
    assert seen.confusion.tolist() == [[2, 0, 0], [1, 0, 1], [0, 1, 1]]
    assert seen.found == {1: 1.0, 2: 1.0}


@pytest.fixture(params=["instance", "semantic"])
def browser(request: pytest.FixtureRequest, models: dict[str, Path], labelled: tuple[Path, Path]):
    service = service_of(models[request.param], labelled)
    assert service.browser is not None
    yield service.browser
    service.close()


def compared(browser: DatasetBrowser) -> DatasetBrowser:
    browser.start()
    for _ in range(1000):
        if browser.compared == len(browser.data):
            return browser
        time.sleep(0.02)
    raise AssertionError("the data set is not predicted")


def test_truth_has_the_labels_of_the_model(browser: DatasetBrowser) -> None:
    assert browser.table.names == [*CLASSES, "cat"]
    truth = browser.truth(2)  # its category is 40, the fourth of the file, which is the fifth class here
    if isinstance(truth, Instances):
        assert truth.labels.tolist() == [5]
        assert truth == Instances(truth.size, truth.boxes, [5], browser.data[2].instances.masks)  # type: ignore[arg-type]
    else:
        drawn = browser.data[2].label_map()
        assert np.array_equal(truth == 5, drawn == 4)
        assert set(np.unique(truth)) == {0, 5}
    assert browser.labels_of(2) == {5: 1}


def test_images_are_found_by_class_score_and_confusion(browser: DatasetBrowser) -> None:
    assert browser.images(ImageFilter()) == [0, 1, 2, 3, 4, 5]
    assert browser.images(ImageFilter(label=5)) == [2]
    assert browser.images(ImageFilter(score=0.0)) == []  # nothing is predicted yet
    compared(browser)
    matrix = browser.confusion()
    every = [each.confusion for each in browser._compared.values()]
    assert np.array_equal(matrix, np.sum(every, axis=0))
    for row, column in zip(*np.nonzero(matrix), strict=True):
        listed = browser.images(ImageFilter(cell=(row + 1, column + 1)))
        counts = [browser._compared[position].confusion[row, column] for position in listed]
        assert counts == sorted(counts, reverse=True)
        assert sum(counts) == matrix[row, column]
    for label in (1, 2):
        listed = browser.images(ImageFilter(label=label, score=0.25))
        assert listed == [p for p in range(6) if browser._compared[p].found.get(label, 0) >= 0.25]


def test_images_are_found_by_error(models: dict[str, Path], labelled: tuple[Path, Path]) -> None:
    service = service_of(models["instance"], labelled)
    assert service.browser is not None
    browser = compared(service.browser)
    errors = browser.errors()
    assert errors["missed"] == 6
    assert browser.images(ImageFilter(error="missed")) == [0, 1, 2, 3, 4, 5]
    assert len(browser.images(ImageFilter(error="place"))) == sum(
        each.errors["place"] > 0 for each in browser._compared.values()
    )
    service.close()


def test_a_prediction_is_made_once(browser: DatasetBrowser) -> None:
    compared(browser)
    assert browser.prediction(3, math.inf) is browser.prediction(3, math.inf)
    with pytest.raises(Refusal, match="no image 6; expected 0 to 5"):
        browser.prediction(6, math.inf)


def test_an_image_that_fails_is_named_and_the_others_are_predicted(
    models: dict[str, Path], labelled: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = service_of(models["semantic"], labelled)
    browser = service.browser
    assert browser is not None
    found = service.queue._found

    def short_of_memory(decoded):
        if np.array_equal(decoded[0][1], browser.data[1].image):
            raise MemoryError
        return found(decoded)

    monkeypatch.setattr(service.queue, "_found", short_of_memory)
    browser.start()
    for _ in range(1000):
        if browser.compared + len(browser.failed) == 6:
            break
        time.sleep(0.02)
    assert browser.compared == 5
    assert list(browser.failed) == [1]
    assert "memory" in browser.failed[1]
    service.close()


def test_a_data_set_without_images_is_refused(models: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    path.write_text('{"images": [], "annotations": [], "categories": [{"id": 1, "name": "disc"}]}')
    service = service_of(models["semantic"])
    with pytest.raises(UsageError, match="no image that can be shown"):
        DatasetBrowser(CocoDataset.open(path), service.queue)
    service.close()
