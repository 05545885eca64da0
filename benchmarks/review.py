"""How many of the first suspects of ``review`` are errors: ``python benchmarks/review.py [TRUTH [RESULTS]]``.

Errors are planted into labels that are taken for right: as many each of missing and spurious objects, wrong classes and
shifted outlines. ``review`` then ranks what it suspects, by the predictions of models that did not learn the labels.
Without files these are fold models of ``demo-instance``, which learn the labels with their errors, as a user's would.
With files they are the results of any tool for the images of TRUTH. With TRUTH alone they are invented from it, of a
model of the skill ``--skill``: it misses objects, takes classes for others, draws outlines loosely, sees objects where
none are, and its scores mean another thing for each class. The table has the share of the first N suspects
that are on a planted error, and what a random order of all labels would give. It also counts the errors that are found
at all, by kind.
"""

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hotcoco import mask as coco_mask

from maskwright.evaluation.coco.truth import CocoTruth, read_truth
from maskwright.evaluation.results.classes import class_index
from maskwright.evaluation.results.records import Results, read_results
from maskwright.masks.rle import rasterise
from maskwright.reviewing.search import find_suspects
from maskwright.reviewing.suspects import Suspect

KINDS = ("missing", "spurious", "wrong_class", "poor_outline")
FIRST = (20, 60, 120, 240)
# Pixels of the box of an object that gets an error: a hand sees no shift of a smaller one.
SMALLEST = 256


@dataclass(frozen=True)
class Planted:
    """A planted error: its kind, the id of its image and annotation, and the box (xywh) of what it was planted on."""

    kind: str
    image_id: int
    annotation: int
    box: tuple[float, ...]


def plant(document: dict[str, Any], each: int, seed: int = 0) -> tuple[dict[str, Any], list[Planted]]:
    """Return a copy of the COCO ``document`` with ``each`` errors of every kind, on different objects, and these."""
    rng = np.random.default_rng(seed)
    sizes = {image["id"]: (image["height"], image["width"]) for image in document["images"]}
    annotations = {one["id"]: dict(one) for one in document["annotations"]}
    usable = [
        i
        for i, one in annotations.items()
        if one["segmentation"] and not one.get("iscrowd") and one["bbox"][2] * one["bbox"][3] >= SMALLEST
    ]
    chosen = rng.permutation(usable)[: 4 * each].tolist()
    if len(chosen) < 4 * each:
        raise SystemExit(f"{len(usable)} objects are large enough; expected {4 * each}")
    planted, categories = [], [one["id"] for one in document["categories"]]
    for position, i in enumerate(chosen):
        kind, one = KINDS[position % 4], annotations[i]
        size, box = sizes[one["image_id"]], tuple(one["bbox"])
        if kind == "missing":
            del annotations[i]
        elif kind == "wrong_class":
            others = [category for category in categories if category != one["category_id"]]
            one["category_id"] = int(rng.choice(others))
        elif kind == "poor_outline":
            angle, (_, _, width, height) = rng.uniform(0, 2 * np.pi), box
            moved = _moved(one, size, 0.3 * width * np.cos(angle), 0.3 * height * np.sin(angle))
            annotations[i] = one | moved
            if not moved["area"]:
                annotations[i] = one
                continue
        else:  # a copy of the object where no object is
            place = _free_place(rng, one, size, [a for a in annotations.values() if a["image_id"] == one["image_id"]])
            if place is None:
                continue
            i = max(annotations) + 1
            annotations[i] = {**one, "id": i, **_moved(one, size, *place)}
            box = tuple(annotations[i]["bbox"])
        planted.append(Planted(kind, one["image_id"], i, box))
    return {**document, "annotations": list(annotations.values())}, planted


def _moved(one: dict[str, Any], size: tuple[int, int], right: float, down: float) -> dict[str, Any]:
    """Return the segmentation, box and area of an annotation that is moved by whole pixels; what leaves is cut off."""
    mask = coco_mask.decode(rasterise(one["segmentation"], *size).rle)
    height, width = size
    x, y = int(np.clip(round(right), -width, width)), int(np.clip(round(down), -height, height))
    moved = np.zeros_like(mask)
    moved[max(y, 0) : height + min(y, 0), max(x, 0) : width + min(x, 0)] = mask[
        max(-y, 0) : height - max(y, 0), max(-x, 0) : width - max(x, 0)
    ]
    rle = coco_mask.encode(np.asfortranarray(moved))
    return {
        "segmentation": {"size": list(size), "counts": rle["counts"].decode()},
        "bbox": [float(side) for side in coco_mask.to_bbox(rle)],
        "area": int(moved.sum()),
    }


def _free_place(
    rng: np.random.Generator, one: dict[str, Any], size: tuple[int, int], others: Sequence[dict[str, Any]]
) -> tuple[float, float] | None:
    """Return how far to move the object so that its box stays in the image and meets few others; None for no place."""
    x, y, width, height = one["bbox"]
    for _ in range(200):
        left, top = rng.uniform(0, max(size[1] - width, 1)), rng.uniform(0, max(size[0] - height, 1))
        overlaps = coco_mask.iou(
            [[left, top, width, height]], [other["bbox"] for other in others], [True] * len(others)
        )
        if np.max(overlaps, initial=0.0) < 0.1:
            return left - x, top - y
    return None


def invent(document: dict[str, Any], skill: float, seed: int = 0) -> list[dict[str, Any]]:
    """Return COCO results for ``document`` as a model of ``skill`` (log odds of finding an object) would give them."""
    rng = np.random.default_rng(seed + 1000)
    categories = [one["id"] for one in document["categories"]]
    skills = {each: rng.normal(skill, 1.0) for each in categories}
    sharpness = {each: rng.uniform(0.6, 1.6) for each in categories}
    taken_for = {each: int(rng.choice([one for one in categories if one != each])) for each in categories}
    confusion = {each: rng.beta(1, 6) for each in categories}
    results: list[dict[str, Any]] = []

    def detect(one: dict[str, Any], category: int, odds: float, loose: float, size: tuple[int, int]) -> None:
        _, _, width, height = one["bbox"]
        moved = _moved(one, size, rng.normal(0, loose * width), rng.normal(0, loose * height))
        score = float(_share(sharpness[category] * odds + rng.normal(0, 0.7)))
        if moved.pop("area"):
            results.append({"image_id": one["image_id"], "category_id": category, "score": round(score, 4), **moved})

    for image in document["images"]:
        size = image["height"], image["width"]
        here = [one for one in document["annotations"] if one["image_id"] == image["id"]]
        real = [one for one in here if not one.get("iscrowd") and one["segmentation"]]
        for one in real:
            category, area = one["category_id"], one["bbox"][2] * one["bbox"][3]
            odds = skills[category] + 0.5 * np.log10(max(area, 10) / 3000) + rng.normal()
            if rng.random() >= _share(odds + 1.5):
                continue
            loose, confused = 0.04 + 0.1 * _share(-odds), rng.random()
            if confused < confusion[category]:
                detect(one, taken_for[category], odds - 0.5, loose, size)
            if confused >= 0.6 * confusion[category]:
                detect(one, category, odds, loose, size)
            if rng.random() < 0.25:
                detect(one, category, odds - 2.5, 0.15, size)
            if rng.random() < 0.15:
                detect(one, int(rng.choice(categories)), odds - 3, 0.08, size)
        for _ in range(rng.poisson(3) if real else 0):
            one = real[int(rng.integers(len(real)))]
            place = _free_place(rng, one, size, real)
            if place is not None:
                elsewhere = one | _moved(one, size, *place)
                odds = rng.normal(-2.5 - 0.3 * skill, 1.2)
                if elsewhere["area"]:
                    detect(elsewhere, int(rng.choice(categories)), odds, 0.05, size)
    return results


def _share(odds: float) -> float:
    return 1 / (1 + np.exp(-odds))


def on_planted(suspect: Suspect, truth: CocoTruth, results: Results, planted: Sequence[Planted]) -> Planted | None:
    """Return the planted error that ``suspect`` is on: its annotation, or the place of a missing one."""
    image, ids = truth.images[suspect.image]["id"], {truth.file_ids[i] for i in suspect.objects}
    for each in planted:
        if each.image_id != image:
            continue
        if each.annotation in ids and each.kind != "missing":
            return each
        if each.kind == "missing" and suspect.kind == "missing":
            boxes = [results.records[i]["bbox"] for i in suspect.found]
            if float(np.max(coco_mask.iou(boxes, [list(each.box)], [False]), initial=0.0)) >= 0.5:
                return each
    return None


def report(name: str, truth: CocoTruth, results: Results, planted: Sequence[Planted]) -> dict[int, float]:
    """Print how the suspects do; return the precision of the first N."""
    results.records = results.with_boxes()
    suspects = find_suspects(truth, results)
    hits = [on_planted(each, truth, results, planted) for each in suspects]
    chance = len(planted) / (len(truth.annotations) + sum(each.kind == "missing" for each in planted))
    print(f"{name}: {len(truth.images)} images, {len(truth.annotations)} labels, {len(planted)} planted errors")
    print(f"{'first':>8} {'planted':>8} {'precision':>10} {'of the planted':>15}   chance {chance:.2f}")
    precision = {}
    for first in (*FIRST, len(suspects)):
        found = [each for each in hits[:first] if each is not None]
        seen = min(first, len(suspects))
        precision[first] = len(found) / max(seen, 1)
        print(f"{seen:>8} {len(found):>8} {precision[first]:>10.2f} {len(set(found)) / len(planted):>15.2f}")
    by_kind = Counter(each.kind for each in planted)
    first = hits[: len(planted)]
    for kind in KINDS:
        right = sum(hit is not None and hit.kind == kind for hit in first)
        named = sum(hit is not None and hit.kind == kind == s.kind for s, hit in zip(suspects, first, strict=False))
        print(f"{kind:>13}: {right} of {by_kind[kind]} among the first {len(planted)}, {named} under this name")
    others = Counter(s.kind for s, hit in zip(suspects[:60], hits, strict=False) if hit is None)
    print(f"    on no planted error among the first 60: {dict(others)}")
    return precision


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="a COCO file, and COCO results for it")
    parser.add_argument("--skill", type=float, default=1.0, help="of the model whose results are invented")
    parser.add_argument("--each", type=int, default=60, help="errors of each kind")
    parser.add_argument("--images", type=int, default=240, help="images of the shapes")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        source = options.files[0] if options.files else _shapes(folder, options.images)
        clean = json.loads(source.read_text(encoding="utf-8"))
        document, planted = plant(clean, options.each, options.seed)
        labels = folder / "planted.json" if options.files else source.with_name("planted.json")
        labels.write_text(json.dumps(document), encoding="utf-8")
        if len(options.files) > 1:
            results, name = options.files[1], source.name
        elif options.files:
            results, name = folder / "invented.json", f"{source.name}, invented results"
            results.write_text(json.dumps(invent(clean, options.skill, options.seed)), encoding="utf-8")
        else:
            results, name = _fold_predictions(folder, labels, options.folds, options.epochs), "shapes"
        truth = read_truth(labels)
        index = class_index(results, truth.names, truth.other_names)
        report(name, truth, read_results(results, truth.image_index(), index), planted)


def _shapes(folder: Path, images: int) -> Path:
    from maskwright.synthetic.shapes import write_shapes

    return write_shapes(folder / "shapes", images)


def _fold_predictions(folder: Path, labels: Path, folds: int, epochs: int) -> Path:
    """Return the predictions of each image of ``labels`` by a fold model that did not see it."""
    from maskwright.recipes.loading import load_recipe
    from maskwright.workflows.folds import run_folds

    recipe = load_recipe("demo-instance", [f"train.epochs={epochs}"]).model_dump()
    recipe["data"] |= {
        "shapes": None,
        "source": {"images": str(labels.parent / "images"), "annotations": str(labels)},
        "split": "9:1",
    }
    return run_folds(recipe, folds, out=folder / "folds").predictions


if __name__ == "__main__":
    main()
