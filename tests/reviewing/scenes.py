"""Scenes of rectangles on images of 100 × 100 pixels: labels, detections, and what a review finds in them."""

import json
from pathlib import Path
from typing import Any

from maskwright.evaluation.coco.truth import CocoTruth, read_truth
from maskwright.evaluation.results.classes import class_index
from maskwright.evaluation.results.records import Results, read_results
from maskwright.reviewing.search import find_suspects
from maskwright.reviewing.suspects import Suspect

SIDE = 100
CLASSES = {3: "disc", 7: "square"}

Box = tuple[float, float, float, float]
Image = tuple[list[tuple[int, Box]], list[tuple[int, float, Box]]]


def rectangle(box: Box) -> list[list[float]]:
    x, y, width, height = box
    return [[x, y, x + width, y, x + width, y + height, x, y + height]]


# Two discs and a square, found as they are labelled: what most images of a data set are like.
PLACES: list[tuple[int, Box]] = [(3, (5, 5, 20, 20)), (3, (40, 5, 20, 20)), (7, (5, 50, 30, 30))]
CLEAN: Image = (PLACES, [(category, 0.95, box) for category, box in PLACES])


def written(folder: Path, *images: Image, clean: int = 20, masks: bool = True) -> tuple[Path, Path]:
    """Write ``labels.json`` and ``results.json`` of the ``images``, followed by so many clean ones.

    Annotation ids begin at 101, image ids at 1.
    """
    annotations: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    every = [*images, *[CLEAN] * clean]
    for image_id, (objects, found) in enumerate(every, start=1):
        for category, box in objects:
            one = {"id": 101 + len(annotations), "image_id": image_id, "category_id": category, "bbox": list(box)}
            annotations.append({**one, "segmentation": rectangle(box), "area": box[2] * box[3], "iscrowd": 0})
        for category, score, box in found:
            one = {"image_id": image_id, "category_id": category, "score": score, "bbox": list(box)}
            results.append({**one, "segmentation": rectangle(box)} if masks else one)
    document = {
        "images": [{"id": i, "file_name": f"{i}.png", "height": SIDE, "width": SIDE} for i in range(1, len(every) + 1)],
        "annotations": annotations,
        "categories": [{"id": number, "name": name} for number, name in CLASSES.items()],
    }
    labels, predictions = folder / "labels.json", folder / "results.json"
    labels.write_text(json.dumps(document), encoding="utf-8")
    predictions.write_text(json.dumps(results), encoding="utf-8")
    return labels, predictions


def read(labels: Path, predictions: Path) -> tuple[CocoTruth, Results]:
    truth = read_truth(labels)
    results = read_results(predictions, truth.image_index(), class_index(predictions, truth.names, truth.other_names))
    results.records = results.with_boxes()
    truth.draw_masks()
    return truth, results


def suspects_of(folder: Path, *images: Image, masks: bool = True) -> list[Suspect]:
    return find_suspects(*read(*written(folder, *images, masks=masks)))
