"""Predictions in which every known cause shows, and what pycocotools says when a cause is planted in its files."""

import contextlib
import copy
import io
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as oracle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from maskwright.evaluation.coco.evaluator import STATISTICS

SIDE, IMAGES = 200, 14
CLASSES = {1: "person", 2: "dog", 3: "cake", 4: "kite"}
# Objects are near these boxes (xywh), so that those of other images and classes are often at the same place.
PLACES = ((5, 5, 26, 28), (150, 8, 30, 24), (60, 50, 60, 70), (20, 100, 80, 60), (70, 60, 110, 120), (120, 130, 28, 26))

Records = list[dict[str, Any]]
Planted = Callable[[dict[str, Any], Records], tuple[dict[str, Any], Records]]


def mask_of(box: tuple[int, int, int, int], kind: int) -> np.ndarray:
    """A mask in ``box`` (xywh): whole, with a hole, in two parts, or without its corner."""
    x, y, width, height = box
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[y : y + height, x : x + width] = 1
    if kind == 1:
        mask[y + height // 4 : y + 3 * height // 4, x + width // 4 : x + 3 * width // 4] = 0
    elif kind == 2:
        mask[y : y + height, x + width // 3 : x + width // 2] = 0
    elif kind == 3:
        mask[y : y + height // 2, x : x + width // 2] = 0
    return mask


def encoded(mask: np.ndarray) -> dict[str, Any]:
    rle = oracle.encode(np.asfortranarray(mask))
    return {"size": rle["size"], "counts": rle["counts"].decode()}


def box_of(rng: np.random.Generator) -> tuple[int, int, int, int]:
    x, y, width, height = np.array(PLACES[rng.integers(len(PLACES))]) + rng.integers(-4, 5, 4)
    return max(0, int(x)), max(0, int(y)), int(width), int(height)


def shifted(rng: np.random.Generator, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    by = np.maximum(1, np.array(box[2:]) // 8)
    x, y = (int(np.clip(v + rng.integers(-s, s + 1), 0, SIDE - 8)) for v, s in zip(box[:2], by, strict=True))
    width, height = (int(max(6, v + rng.integers(-s, s + 1))) for v, s in zip(box[2:], by, strict=True))
    return x, y, min(width, SIDE - x), min(height, SIDE - y)


def dataset(seed: int = 0) -> tuple[dict[str, Any], Records]:
    """A COCO document whose annotation ids run from 0, and results with all distinct scores."""
    rng = np.random.default_rng(seed)
    annotations: Records = []
    results: Records = []
    categories = list(CLASSES)

    def detect(image: int, category: int, box: tuple[int, int, int, int], kind: int) -> None:
        score = float(rng.random() ** (1 + rng.integers(3)))
        mask = mask_of(box, kind)
        results.append(
            {"image_id": image, "category_id": category, "score": score, "bbox": [float(v) for v in box],
             "segmentation": encoded(mask)}
        )  # fmt: skip

    for image in range(1, IMAGES + 1):
        for _ in range(0 if image == 5 else 7):
            category, box, kind = int(rng.choice(categories[:3])), box_of(rng), int(rng.integers(4))
            crowd = int(rng.random() < 0.15)
            mask = mask_of(box, kind)
            annotations.append(
                {"id": len(annotations), "image_id": image, "category_id": category, "iscrowd": crowd,
                 "bbox": [float(v) for v in box], "area": float(mask.sum()) * float(rng.uniform(0.6, 1.6)),
                 "segmentation": encoded(mask)}
            )  # fmt: skip
            if image == 9:  # an image without any detection
                continue
            for _ in range(int(rng.choice([0, 1, 1, 2]))):
                named = category if rng.random() < 0.7 else int(rng.choice(categories))
                detect(image, named, shifted(rng, box), kind if rng.random() < 0.7 else int(rng.integers(4)))
        if image != 9:
            for _ in range(8):
                detect(image, int(rng.choice(categories)), box_of(rng), int(rng.integers(4)))
    crowded = [each for each in annotations if each["image_id"] == 1]
    for _ in range(420):  # more than the limits, many of them right
        target = crowded[int(rng.integers(len(crowded)))]
        box = tuple(int(v) for v in target["bbox"])
        category = target["category_id"] if rng.random() < 0.6 else int(rng.choice(categories[:3]))
        detect(1, category, shifted(rng, box), int(rng.integers(4)))  # type: ignore[arg-type]
    document = {
        "images": [{"id": i, "height": SIDE, "width": SIDE, "file_name": f"{i}.jpg"} for i in range(1, IMAGES + 1)],
        "categories": [{"id": i, "name": name} for i, name in CLASSES.items()],
        "annotations": annotations,
    }
    return document, results


def oracle_scores(
    truth: dict[str, Any],
    results: Records,
    kind: str,
    limits: tuple[int, ...] = (1, 10, 100),
    classes: bool = True,
    zero_is_an_id: bool = True,
) -> dict[str, float | None]:
    """The 12 statistics by pycocotools, whose own summary lacks AP for other limits than 100."""
    truth, results = copy.deepcopy(truth), copy.deepcopy(results)
    if zero_is_an_id:
        for each in truth["annotations"]:
            each["id"] += 1
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), kind)
        evaluation.params.maxDets = list(limits)
        evaluation.params.useCats = int(classes)
        evaluation.evaluate()
        evaluation.accumulate()
    precision, recall = evaluation.eval["precision"], evaluation.eval["recall"]

    def mean(values: np.ndarray) -> float | None:
        known = values[values > -1]
        return float(known.mean()) if known.size else None

    last = len(limits) - 1
    ap = [precision[:, :, :, 0, last], precision[0, :, :, 0, last], precision[5, :, :, 0, last]]
    ap += [precision[:, :, :, a, last] for a in (1, 2, 3)]
    ar = [recall[:, :, 0, m] for m in range(3)] + [recall[:, :, a, last] for a in (1, 2, 3)]
    return dict(zip(STATISTICS, map(mean, [*ap, *ar]), strict=True))


def by_polygons(records: Records) -> Records:
    """The records with masks drawn by pycocotools from OpenCV's outer contours."""
    changed = []
    for each in records:
        rle = each["segmentation"]
        mask = oracle.decode({**rle, "counts": rle["counts"].encode()})
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        polygons = [contour.ravel().astype(float).tolist() for contour in contours if len(contour) >= 3]
        drawn = oracle.merge(oracle.frPyObjects(polygons, SIDE, SIDE))
        changed.append({**each, "segmentation": {"size": drawn["size"], "counts": drawn["counts"].decode()}})
    return changed


def most_confident(results: Records, most: int) -> Records:
    kept = []
    for image in range(1, IMAGES + 1):
        mine = [each for each in results if each["image_id"] == image]
        kept += sorted(mine, key=lambda each: -each["score"])[:most]
    return kept


def only_images(truth: dict[str, Any], results: Records, ids: set[int]) -> tuple[dict[str, Any], Records]:
    images = [each for each in truth["images"] if each["id"] in ids]
    annotations = [each for each in truth["annotations"] if each["image_id"] in ids]
    return {**truth, "images": images, "annotations": annotations}, [e for e in results if e["image_id"] in ids]


def edited(truth: dict[str, Any], **of: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    changed = [{**each, **{key: edit(each) for key, edit in of.items()}} for each in truth["annotations"]]
    return {**truth, "annotations": changed}


FILES: dict[str, Planted] = {
    "crowds-as-objects": lambda truth, results: (edited(truth, iscrowd=lambda _: 0), results),
    "true-size-by-box": lambda truth, results: (
        edited(truth, area=lambda each: each["bbox"][2] * each["bbox"][3]), results,
    ),
    "masks-as-polygons": lambda truth, results: (truth, by_polygons(results)),
    "category-ids-one-lower": lambda truth, results: (
        truth,
        [{**e, "category_id": e["category_id"] - 1} for e in results if e["category_id"] - 1 in CLASSES],
    ),
    "image-ids-one-on": lambda truth, results: (
        truth, [{**each, "image_id": each["image_id"] + 1} for each in results if each["image_id"] < IMAGES],
    ),
    "score-of-at-least-0.3": lambda truth, results: (truth, [each for each in results if each["score"] >= 0.3]),
    "100-detections-an-image": lambda truth, results: (truth, most_confident(results, 100)),
    "other-size-of-masks": lambda truth, results: (
        truth, [{key: value for key, value in each.items() if key != "bbox"} for each in results],
    ),
    "images-without-results": lambda truth, results: only_images(truth, results, {e["image_id"] for e in results}),
}  # fmt: skip
"""Causes planted in the files, in the order in which they are planted."""

RULES: dict[str, dict[str, Any]] = {
    "annotation-id-0": {"zero_is_an_id": False},
    "300-detections-a-class": {"limits": (1, 10, 300)},
    "classes-not-told-apart": {"classes": False},
}
"""Causes planted in the rules of pycocotools."""


def planted_scores(causes: tuple[str, ...], kind: str, seed: int = 0) -> dict[str, float | None]:
    """What pycocotools says with the ``causes``."""
    truth, results = dataset(seed)
    rules: dict[str, Any] = {}
    for cause in (*FILES, *RULES):
        if cause in causes:
            # As in Detectron2, which removes boxes before it scores masks, and scores boxes with them.
            if cause in FILES and (cause != "other-size-of-masks" or kind == "segm"):
                truth, results = FILES[cause](truth, results)
            rules |= RULES.get(cause, {})
    return oracle_scores(truth, results, kind, **rules)
