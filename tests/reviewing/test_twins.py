"""The twins of random scenes, against the IoU of every pair; and what is refused."""

import numpy as np
import pytest
from hotcoco import mask as coco_mask

from maskwright.errors import DataError
from maskwright.evaluation.instances.pairwise_iou import pairwise_iou
from maskwright.reviewing import twins
from maskwright.reviewing.twins import LEAST_IOU, find_twins
from maskwright.structures import TruthRecord

SIDE = 40


def scene(*boxes: tuple[int, int, int, int]) -> list[TruthRecord]:
    """Filled rectangles xywh on one image."""
    objects = []
    for number, (x, y, width, height) in enumerate(boxes, start=1):
        mask = np.zeros((SIDE, SIDE), np.uint8, order="F")
        mask[y : y + height, x : x + width] = 1
        objects.append(
            {"id": number, "image_id": 7, "category_id": 1, "iscrowd": 0, "area": float(width * height),
             "bbox": [float(x), float(y), float(width), float(height)], "segmentation": coco_mask.encode(mask)}
        )  # fmt: skip
    return objects


def found(objects: list[TruthRecord], labels: np.ndarray, iou_type: str) -> tuple[list[int], list[float]]:
    twin, overlap = find_twins(objects, labels, np.array([each["area"] for each in objects]), iou_type)
    return twin.tolist(), overlap.tolist()


def by_all_pairs(objects: list[TruthRecord], labels: np.ndarray, iou_type: str) -> tuple[list[int], list[float]]:
    results = [{**each, "score": 1.0} for each in objects]
    ious = pairwise_iou(results, objects, iou_type, [False] * len(objects))  # type: ignore[arg-type]
    ious[np.triu_indices(len(objects))] = 0
    ious[(labels[:, None] != labels[None, :]) | (ious < LEAST_IOU)] = 0
    best = ious.argmax(axis=1)
    overlap = ious[np.arange(len(objects)), best]
    return np.where(overlap > 0, best, -1).tolist(), overlap.tolist()


@pytest.mark.parametrize("iou_type", ["segm", "bbox"])
@pytest.mark.parametrize("spread", [3, 12, 30])
def test_twins_are_those_of_all_pairs(spread: int, iou_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twins, "_AT_ONCE", 7)
    rng = np.random.default_rng(spread)
    corners, sides = rng.integers(0, spread, (120, 2)), rng.integers(1, 11, (120, 2))
    objects = scene(*((int(x), int(y), int(w), int(h)) for (x, y), (w, h) in zip(corners, sides, strict=True)))
    labels = rng.integers(1, 4, 120)
    expected = by_all_pairs(objects, labels, iou_type)
    assert max(expected[0]) >= 0
    assert found(objects, labels, iou_type) == expected


def test_empty_masks_and_no_objects_have_no_twin() -> None:
    assert found(scene((0, 0, 0, 0), (0, 0, 0, 0)), np.ones(2, np.int64), "segm") == ([-1, -1], [0, 0])
    assert found([], np.zeros(0, np.int64), "segm") == ([], [])


def test_more_runs_than_the_limit_are_refused_and_equal_objects_have_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MASKWRIGHT_LIMIT_COMPARED_RUNS", "250")
    different = [(0, 0, 10, 10 + each) for each in range(4)]
    with pytest.raises(DataError, match=r"image 7: 4 objects.* 252 mask runs.*compared-runs"):
        found(scene(*different), np.ones(4, np.int64), "segm")
    assert found(scene(*[different[0]] * 4), np.ones(4, np.int64), "segm")[0] == [-1, 0, 0, 0]
    # Two classes have a pair each, and a row of objects has none.
    found(scene(*different), np.array([1, 1, 2, 2]), "segm")
    found(scene(*((4 * each, 0, 4, 20) for each in range(8))), np.ones(8, np.int64), "bbox")
