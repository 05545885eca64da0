import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maskwright.annotations.cityscapes_labels import LABELS
from maskwright.errors import DataError
from maskwright.evaluation.cityscapes.pixels import PixelCounts, pixel_counts, pixel_scores
from tests.evaluation.invented_city import SIZE, street


@settings(max_examples=15)
@given(st.integers(0, 2**32))
def test_scores_equal_the_official_script_on_invented_streets(tmp_path_factory: pytest.TempPathFactory, seed: int):
    script = pytest.importorskip("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")
    rng = np.random.default_rng(seed)
    folder = tmp_path_factory.mktemp("city")
    counts, truth_files, prediction_files = PixelCounts(), [], []
    for number in range(2):
        ids = street(rng)
        labels = np.where(ids < 1000, ids, ids // 1000).astype(np.uint8)
        predicted = np.where(rng.random(SIZE) < 0.7, labels, rng.choice([0, 7, 8, 24, 26, 29], SIZE)).astype(np.uint8)
        files = {"gt_instanceIds": ids, "gt_labelIds": labels, "pred": predicted}
        for name, pixels in files.items():
            Image.fromarray(pixels).save(folder / f"{number}_{name}.png")
        truth_files.append(str(folder / f"{number}_gt_labelIds.png"))
        prediction_files.append(str(folder / f"{number}_pred.png"))
        counts += pixel_counts(labels, predicted, ids)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(np, "in1d", np.isin, raising=False)
        patch.setattr(script.args, "quiet", True)
        patch.setattr(script.args, "JSONOutput", False)
        theirs = script.evaluateImgLists(prediction_files, truth_files, script.args)
    ours = pixel_scores(counts)
    assert same(ours["mIoU"], theirs["averageScoreClasses"])
    assert same(ours["category_mIoU"], theirs["averageScoreCategories"])
    for mine, official in (
        ("classes", "classScores"),
        ("class_iIoU", "classInstScores"),
        ("categories", "categoryScores"),
        ("category_iIoU", "categoryInstScores"),
    ):
        for name, value in ours[mine].items():
            assert same(value, theirs[official][name]), (mine, name)


def same(ours: float | None, theirs: float) -> bool:
    return math.isnan(theirs) if ours is None else math.isclose(ours, theirs, rel_tol=0, abs_tol=1e-12)


def test_without_instances_there_is_no_weighted_iou():
    labels = np.full((4, 4), 26, np.uint8)
    scores = pixel_scores(pixel_counts(labels, labels))
    assert scores["classes"]["car"] == scores["mIoU"] == 1.0
    assert scores["class_iIoU"]["car"] is scores["mean_iIoU"] is scores["category_iIoU"]["vehicle"] is None


def test_small_objects_weigh_as_much_as_large_ones():
    ids = np.full((10, 30), 7, np.uint16)
    ids[:, :20], ids[0, 25] = 26000, 26001
    labels = np.where(ids < 1000, ids, 26).astype(np.uint8)
    predicted = labels.copy()
    predicted[0, 25] = 7  # the small car is missed
    scores = pixel_scores(pixel_counts(labels, predicted, ids))
    assert scores["classes"]["car"] == 200 / 201
    assert scores["class_iIoU"]["car"] == pytest.approx(0.5)


def test_ignored_truth_does_not_count_and_an_ignored_prediction_is_a_miss():
    truth = np.array([[0, 0, 26, 26]], np.uint8)
    scores = pixel_scores(pixel_counts(truth, np.array([[26, 7, 26, 29]], np.uint8)))
    assert scores["classes"]["car"] == 0.5
    assert scores["classes"]["road"] is None


@pytest.mark.parametrize("value", [34, 255])
def test_labels_that_are_no_ids_are_refused_by_name(value: int):
    right, wrong = np.zeros((2, 2), np.uint8), np.full((2, 2), value, np.uint8)
    with pytest.raises(DataError, match=rf"map\.png.*{value}.*training ids"):
        pixel_counts(right, wrong, source="map.png")
    with pytest.raises(DataError, match=r"the truth of map\.png"):
        pixel_counts(wrong, right, source="map.png")


def test_maps_of_two_sizes_are_refused_by_name():
    with pytest.raises(DataError, match=r"map\.png: is 3×2 pixels, its truth 2×2"):
        pixel_counts(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8), source="map.png")
    with pytest.raises(DataError, match="instance image"):
        pixel_counts(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8), np.zeros((3, 2), np.uint16))


def test_every_label_has_its_place_in_the_scores():
    scores = pixel_scores(PixelCounts())
    assert list(scores["classes"]) == [label.name for label in LABELS if not label.ignored]
    assert len(scores["classes"]) == 19
    assert set(scores["category_iIoU"]) == {"human", "vehicle"}
    assert scores["mIoU"] is None
