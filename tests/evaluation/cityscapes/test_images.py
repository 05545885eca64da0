from pathlib import Path

import numpy as np
import pytest
from hotcoco import mask as coco_mask
from PIL import Image

from maskwright.errors import DataError
from maskwright.evaluation.cityscapes.images import measure_mask_files, measure_rles
from maskwright.evaluation.cityscapes.layout import Prediction
from maskwright.evaluation.cityscapes.matching import CLASS_OF_LABEL

SIZE = (20, 30)
CAR = 26


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    ids = np.full(SIZE, 7, np.uint16)
    ids[2:14, 3:15] = 26000
    path = tmp_path / "aachen_000000_000019_gtFine_instanceIds.png"
    Image.fromarray(ids).save(path)
    return path


def mask_file(folder: Path, box: tuple[slice, slice], size: tuple[int, int] = SIZE) -> Path:
    mask = np.zeros(size, np.uint8)
    mask[box] = 255
    path = folder / f"mask{len(list(folder.iterdir()))}.png"
    Image.fromarray(mask).save(path)
    return path


FULL, SHIFTED = (slice(2, 14), slice(3, 15)), (slice(2, 14), slice(18, 30))


def test_mask_files_are_judged_by_the_pixels_they_share(truth: Path, tmp_path: Path):
    predictions = [Prediction(mask_file(tmp_path, FULL), CAR, 0.9), Prediction(mask_file(tmp_path, SHIFTED), CAR, 0.8)]
    verdicts, left_out = measure_mask_files(truth, predictions).match()
    assert verdicts.right.tolist() == [[True, False]] * 10
    assert verdicts.wrong.tolist() == [[False, True]] * 10
    assert verdicts.missed.sum() == 0
    assert not left_out


def test_rles_give_the_same_verdicts(truth: Path, tmp_path: Path):
    masks = np.zeros((*SIZE, 2), np.uint8, order="F")
    masks[(*FULL, 0)] = masks[(*SHIFTED, 1)] = 1
    rles = coco_mask.encode(masks)
    verdicts, _ = measure_rles(truth, [(rle, CLASS_OF_LABEL[CAR], 0.5) for rle in rles]).match()
    assert verdicts.right.tolist() == [[True, False]] * 10


def test_what_is_not_scored_is_counted(truth: Path, tmp_path: Path):
    empty = mask_file(tmp_path, (slice(0), slice(0)))
    rows = [
        Prediction(empty, CAR, 0.9),
        Prediction(Path("unread.png"), 29, 0.9),
        Prediction(Path("unread.png"), 7, 0.9),
    ]
    verdicts, left_out = measure_mask_files(truth, rows).match()
    assert verdicts.confidence.size == 0
    assert dict(left_out) == {"empty_mask": 1, "class_not_scored": 2}


def test_a_mask_of_another_size_is_refused_by_name(truth: Path, tmp_path: Path):
    small = mask_file(tmp_path, (slice(0, 2), slice(0, 2)), (10, 30))
    with pytest.raises(DataError, match=r"mask1\.png: is 30×10 pixels, its image 30×20"):
        measure_mask_files(truth, [Prediction(small, CAR, 0.9)])


def test_a_label_that_cityscapes_does_not_have_is_refused(truth: Path, tmp_path: Path):
    with pytest.raises(DataError, match="label id is 255"):
        measure_mask_files(truth, [Prediction(mask_file(tmp_path, FULL), 255, 0.9)])
