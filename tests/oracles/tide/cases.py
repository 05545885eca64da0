"""Invented COCO data sets with crowds, near misses, wrong classes, duplicates and ties, for which tidecv was run."""

from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

CASES = 24
SIDE = 120
CATEGORIES = {1: "person", 2: "dog", 5: "cake", 7: "kite"}

Box = tuple[int, int, int, int]


def invented_case(seed: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a truth data set and results, with boxes and masks, that depend on ``seed`` only.

    Every fourth object is a crowd. Scores and IoUs tie often. Class 5 has results and seldom an object, class 7
    neither. One of four images has no object, and the last image of every sixth case more than a hundred results.
    """
    rng = Random(seed)
    truth: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for image in range(1, 5):
        for _ in range(0 if rng.random() < 0.25 else rng.randint(1, 6)):
            box, category = _box(rng), rng.choice([1, 1, 2, 2, 2, 5] if seed % 2 else [1, 2])
            crowd = int(rng.random() < 0.25)
            truth.append({"id": len(truth) + 1, "image_id": image, "iscrowd": crowd, **_shape(rng, box, category)})
            if rng.random() < 0.1:  # The same object twice: equal overlaps.
                truth.append({**truth[-1], "id": len(truth) + 1})
            results += _near(rng, image, category, box, crowd)
        for _ in range(rng.randint(0, 3)):
            results.append(_result(rng, image, rng.choice([1, 2, 5]), _box(rng)))
        if image == 4 and seed % 6 == 0:
            results += [_result(rng, image, rng.choice([1, 2]), _box(rng)) for _ in range(120)]
    images = [{"id": image, "file_name": f"{image}.jpg", "height": SIDE, "width": SIDE} for image in range(1, 5)]
    categories = [{"id": number, "name": name} for number, name in CATEGORIES.items()]
    return {"images": images, "categories": categories, "annotations": truth}, results


def _near(rng: Random, image: int, category: int, box: Box, crowd: int) -> Iterator[dict[str, Any]]:
    """Yield results on the object in ``box``: inside it, shifted, of another class, and a second time."""
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        x, y, width, height = box
        if crowd and rng.random() < 0.5:
            width, height = max(1, width // 2), max(1, height // 2)
        shift = rng.choice([0, 0, 1, 3, 8])
        moved = (x + rng.randint(0, shift), y + rng.randint(0, shift), width, height)
        yield _result(rng, image, category if rng.random() < 0.7 else rng.choice([1, 2, 5]), moved)


def _box(rng: Random) -> Box:
    width, height = (rng.randint(*rng.choice([(4, 12), (12, 40), (40, 90)])) for _ in range(2))
    return rng.randint(0, SIDE - 10 - width), rng.randint(0, SIDE - 10 - height), width, height


def _result(rng: Random, image: int, category: int, box: Box) -> dict[str, Any]:
    score = rng.choice([0.25, 0.5, 0.5, 0.75, round(rng.random(), 3)])
    return {"image_id": image, "score": score, **_shape(rng, box, category)}


def _shape(rng: Random, box: Box, category: int) -> dict[str, Any]:
    """Return the box and the mask of an object; a mask fills its box, or lacks a quarter of it."""
    x, y, width, height = box
    mask = np.zeros((SIDE, SIDE), np.uint8, order="F")
    mask[y : y + height, x : x + width] = 1
    if rng.random() < 0.5:
        mask[y : y + height // 2, x : x + width // 2] = 0
    rle = coco_mask.encode(mask)
    return {
        "category_id": category,
        "bbox": [float(side) for side in box],
        "area": float(mask.sum()),
        "segmentation": {"size": rle["size"], "counts": rle["counts"].decode()},
    }
