"""Small invented panoptic sets, and their scores by panopticapi's rule, computed here from dense masks alone."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Ids = npt.NDArray[np.int64]


@dataclass
class InventedMap:
    """The segment ids of an image ``(H, W)``, and a record for each segment as in ``segments_info``."""

    ids: Ids
    segments: list[dict[str, Any]]


@dataclass
class InventedSet:
    """Truth and predictions by image, and the classes as in ``categories``."""

    truth: list[InventedMap]
    predictions: list[InventedMap]
    categories: list[dict[str, Any]]


def invented_set(seed: int) -> InventedSet:
    """Return a set of one to four images with things, stuff, void, crowds, and predictions of every quality."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 7))
    ids = rng.choice(np.arange(1, 200), count + 1, replace=False).tolist()
    # One class that no image has.
    categories = [{"id": i, "name": f"class {i}", "isthing": int(rng.random() < 0.5)} for i in ids]
    truth, predictions = [], []
    for _ in range(rng.integers(1, 5)):
        height, width = rng.integers(6, 40, 2).tolist()
        true = _invented_map(rng, (height, width), categories[:-1], crowds=True)
        truth.append(true)
        predictions.append(_prediction(rng, true, categories[:-1]))
    return InventedSet(truth, predictions, categories)


def _invented_map(
    rng: np.random.Generator, size: tuple[int, int], categories: list[dict[str, Any]], crowds: bool
) -> InventedMap:
    ids = np.zeros(size, np.int64)
    numbers = np.unique(rng.integers(1, 2**24, 12)).tolist()
    drawn: dict[int, dict[str, Any]] = {}
    rng.shuffle(numbers)
    for number in numbers[: rng.integers(0, 12)]:
        top, left = (int(rng.integers(0, side)) for side in size)
        bottom, right = (int(rng.integers(1, side + 1)) for side in size)
        ids[min(top, bottom) : max(top, bottom), min(left, right) : max(left, right)] = number
        category = categories[rng.integers(len(categories))]
        crowd = bool(crowds and category["isthing"] and rng.random() < 0.2)
        drawn[number] = {"id": number, "category_id": category["id"], "iscrowd": int(crowd)}
    return _with_areas(ids, drawn)


def _with_areas(ids: Ids, drawn: dict[int, dict[str, Any]]) -> InventedMap:
    present = {number: int((ids == number).sum()) for number in drawn}
    return InventedMap(ids, [{**drawn[n], "area": area} for n, area in present.items() if area])


def _prediction(rng: np.random.Generator, true: InventedMap, categories: list[dict[str, Any]]) -> InventedMap:
    """Return the truth shifted, with other ids, some classes confused, some segments lost, some invented."""
    if rng.random() < 0.1:
        return _invented_map(rng, true.ids.shape, categories, crowds=False)
    shift = tuple(rng.integers(-2, 3, 2).tolist())
    moved = np.roll(true.ids, shift, (0, 1))
    ids = np.zeros_like(moved)
    drawn = {}
    for number, segment in enumerate(true.segments, start=int(rng.integers(1, 10**6))):
        if rng.random() < 0.1:
            continue
        ids[moved == segment["id"]] = number
        other = categories[rng.integers(len(categories))]["id"]
        drawn[number] = {"id": number, "category_id": other if rng.random() < 0.2 else segment["category_id"]}
    invented = _invented_map(rng, true.ids.shape, categories, crowds=False)
    for segment in invented.segments[:2]:
        number = 10**7 + segment["id"] % 10**6
        ids[invented.ids == segment["id"]] = number
        drawn[number] = {"id": number, "category_id": segment["category_id"]}
    return _with_areas(ids, drawn)


def write_set(folder: Path, found: InventedSet) -> tuple[Path, Path]:
    """Write the set in COCO's panoptic format; return the JSON files of truth and predictions."""
    paths = folder / "truth.json", folder / "predictions.json"
    for path, maps in zip(paths, (found.truth, found.predictions), strict=True):
        path.with_suffix("").mkdir(parents=True, exist_ok=True)
        records = []
        for number, each in enumerate(maps, start=1):
            write_png(path.with_suffix("") / f"{number}.png", each.ids)
            records.append({"image_id": number, "file_name": f"{number}.png", "segments_info": each.segments})
        content: dict[str, Any] = {"annotations": records}
        if maps is found.truth:
            content["categories"] = found.categories
            content["images"] = [
                {"id": n, "file_name": f"{n}.jpg", "height": each.ids.shape[0], "width": each.ids.shape[1]}
                for n, each in enumerate(maps, start=1)
            ]
        path.write_text(json.dumps(content))
    return paths


def write_png(path: Path, ids: Ids) -> None:
    """Write segment ids as the colours of a PNG file, as panopticapi's ``id2rgb`` does."""
    colors = np.stack([ids % 256, ids // 256 % 256, ids // 256**2], axis=-1)
    Image.fromarray(colors.astype(np.uint8)).save(path)


def panopticapi_scores(found: InventedSet) -> dict[str, Any]:
    """PQ, SQ and RQ over all classes, things and stuff, and of each class, by panopticapi's rule."""
    counts = {category["id"]: [0, 0, 0, 0.0] for category in found.categories}
    for true, predicted in zip(found.truth, found.predictions, strict=True):
        _count_image(true, predicted, counts)
    classes = {}
    for category in found.categories:
        tp, fp, fn, iou = counts[category["id"]]
        denominator = tp + fp / 2 + fn / 2
        classes[category["name"]] = (
            {"PQ": iou / denominator, "SQ": iou / tp if tp else 0.0, "RQ": tp / denominator} if denominator else None
        )
    things = {category["name"]: bool(category["isthing"]) for category in found.categories}
    return {
        **_mean([row for row in classes.values() if row]),
        "things": _mean([row for name, row in classes.items() if row and things[name]]),
        "stuff": _mean([row for name, row in classes.items() if row and not things[name]]),
        "classes": {name: row or dict.fromkeys(("PQ", "SQ", "RQ")) for name, row in classes.items()},
        "counts": {category["name"]: tuple(counts[category["id"]][:3]) for category in found.categories},
    }


def _count_image(true: InventedMap, predicted: InventedMap, counts: dict[int, list[Any]]) -> None:
    void = true.ids == 0
    matched_truth, matched_predictions = set(), set()
    for t in true.segments:
        for p in predicted.segments:
            if t["iscrowd"] or t["category_id"] != p["category_id"]:
                continue
            here, there = true.ids == t["id"], predicted.ids == p["id"]
            # Void pixels of a prediction are no part of the union.
            overlap, union = int((here & there).sum()), int((here | (there & ~void)).sum())
            if overlap / union > 0.5:
                counts[t["category_id"]][0] += 1
                counts[t["category_id"]][3] += overlap / union
                matched_truth.add(t["id"])
                matched_predictions.add(p["id"])
    crowds = {}
    for t in true.segments:
        if t["iscrowd"]:
            crowds[t["category_id"]] = t["id"]  # of several, the last
        elif t["id"] not in matched_truth:
            counts[t["category_id"]][2] += 1
    for p in predicted.segments:
        if p["id"] in matched_predictions:
            continue
        there = predicted.ids == p["id"]
        excused = void | (true.ids == crowds[p["category_id"]]) if p["category_id"] in crowds else void
        if (there & excused).sum() / there.sum() <= 0.5:
            counts[p["category_id"]][1] += 1


def _mean(rows: list[dict[str, float]]) -> dict[str, float | None]:
    return {key: float(np.mean([row[key] for row in rows])) if rows else None for key in ("PQ", "SQ", "RQ")}
