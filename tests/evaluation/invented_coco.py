"""Small invented COCO data sets with results, and what pycocotools says about them."""

import contextlib
import copy
import io
import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from pycocotools import mask as oracle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from maskwright.evaluation.coco.evaluator import STATISTICS

SIDE = 120
CLASSES = {1: "person", 2: "dog", 5: "cake"}


def pycocotools_scores(truth: dict[str, Any], results: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The 12 statistics and ``{category id: (AP, AP50)}``; None where pycocotools says -1."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth_set, found = COCO(), COCO()
        truth_set.dataset = copy.deepcopy(truth)
        truth_set.createIndex()
        if results:
            found = truth_set.loadRes(copy.deepcopy(results))
        else:  # loadRes fails on an empty list
            found.dataset = {**truth_set.dataset, "annotations": []}
            found.createIndex()
        evaluation = COCOeval(truth_set, found, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision = evaluation.eval["precision"]
    classes = {}
    for k, category_id in enumerate(evaluation.params.catIds):
        averages = [values[values > -1] for values in (precision[:, :, k, 0, 2], precision[0, :, k, 0, 2])]
        classes[category_id] = tuple(values.mean() if values.size else None for values in averages)
    return {**dict(zip(STATISTICS, map(defined, evaluation.stats), strict=True)), "classes": classes}


def defined(value: float) -> float | None:
    return None if value == -1 else float(value)


def same(ours: float | None, theirs: float | None) -> bool:
    return ours is theirs if theirs is None or ours is None else math.isclose(ours, theirs, rel_tol=0, abs_tol=1e-12)


def record(box: tuple[int, ...], corner: bool) -> dict[str, Any]:
    """Box and mask of an object; without its ``corner`` the mask is a quarter smaller than the box."""
    x, y, width, height = box
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[y : y + height, x : x + width] = 1
    if not corner:
        mask[y : y + height // 2, x : x + width // 2] = 0
    rle = oracle.encode(np.asfortranarray(mask))
    return {
        "bbox": [float(side) for side in box],
        "segmentation": {"size": rle["size"], "counts": rle["counts"].decode()},
    }


@st.composite
def datasets(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Up to 12 objects of all sizes on three images, detections near them and anywhere, scores that often tie."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    annotations, results = [], []
    for _ in range(draw(st.integers(0, 12))):
        image, category, box = int(rng.integers(1, 4)), int(rng.choice([1, 2])), random_box(rng)
        shape = record(box, bool(rng.integers(2)))
        area = float(oracle.area({**shape["segmentation"], "counts": shape["segmentation"]["counts"].encode()}))
        crowd = int(rng.random() < 0.25)
        identity = {"id": len(annotations) + 1, "image_id": image, "category_id": category}
        annotations.append({**identity, "area": area, "iscrowd": crowd, **shape})
        for _ in range(rng.choice([0, 1, 1, 2])):
            near = tuple(int(side) for side in np.maximum(box + rng.integers(-2, 3, 4), [0, 0, 1, 1]))
            results.append(detection(rng, image, category, near))
    for _ in range(draw(st.integers(0, 5))):
        # Class 5 has detections but no truth, class 7 neither.
        results.append(detection(rng, int(rng.integers(1, 4)), int(rng.choice([1, 2, 5])), random_box(rng)))
    truth = {
        "images": [{"id": i, "height": SIDE, "width": SIDE} for i in (1, 2, 3)],
        "categories": [{"id": i, "name": name} for i, name in {**CLASSES, 7: "kite"}.items()],
        "annotations": annotations,
    }
    return truth, results


def random_box(rng: np.random.Generator) -> tuple[int, ...]:
    sides = rng.integers(*((4, 30), (30, 90), (96, 110))[rng.integers(3)], 2)
    return (*(int(rng.integers(0, SIDE - side)) for side in sides), *(int(side) for side in sides))


def detection(rng: np.random.Generator, image: int, category: int, box: tuple[int, ...]) -> dict[str, Any]:
    score = float(rng.choice([0.25, 0.5, 0.5, 0.75, rng.random()]))
    return {"image_id": image, "category_id": category, "score": score, **record(box, bool(rng.integers(2)))}
