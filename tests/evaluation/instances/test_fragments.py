"""Fragments against scipy's labelling."""

from typing import Any

import numpy as np
import pytest
from pycocotools import mask as oracle
from scipy import ndimage

from maskwright.evaluation.coco.matches import image_matches
from maskwright.evaluation.instances.fragments import Fragments, count_fragments, image_fragments


def record(mask: np.ndarray, **fields: Any) -> Any:
    left, top, width, height = oracle.toBbox(oracle.encode(np.asfortranarray(mask))).tolist()
    return {
        "image_id": 1, "category_id": 1, "bbox": [left, top, width, height], "area": float(mask.sum()), "iscrowd": 0,
        "segmentation": oracle.encode(np.asfortranarray(mask)), **fields,
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_counts_are_scipys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    masks = [(rng.random(rng.integers(1, 30, 2)) < share).astype(np.uint8) for share in (0.02, 0.2, 0.5, 0.9, 0.0)]
    labelled: list[Any] = [ndimage.label(mask, np.ones((3, 3))) for mask in masks]
    assert count_fragments([record(mask) for mask in masks]).tolist() == [count for _, count in labelled]


def test_a_detection_in_more_parts_than_its_object_is_counted() -> None:
    whole = np.zeros((40, 40), np.uint8)
    whole[5:25, 5:25] = 1
    torn = whole.copy()
    torn[:, 12] = 0
    image: Any = {"id": 1, "height": 40, "width": 40, "file_name": "1.png"}
    objects: Any = [record(whole), record(np.ones((40, 40), np.uint8), iscrowd=1)]
    results: Any = [record(torn, score=0.9), record(whole, score=0.1)]
    matched = image_matches(image, objects, results, "segm", 0.5)
    found = image_fragments(matched, objects, results, 0.5)
    assert found.scores() == found.scores(1) == {"objects": 1, "true": 1.0, "detected": 2.0, "more": 1.0}
    assert found.scores(2) == {"objects": 0, "true": None, "detected": None, "more": None}
    assert image_fragments(matched, objects, results, 0.95).scores()["objects"] == 0
    assert Fragments.merged([found, found]).scores()["objects"] == 2
