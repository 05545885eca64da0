"""Seconds of a thousand bootstrap resamples of AP: ``python benchmarks/intervals.py [TRUTH RESULTS]``.

Without files it invents 5,000 images with about 36,000 objects of 80 classes and a hundred detections an image, as
COCO's validation set and the results of a detector have. A resample accumulates precision and recall of all classes,
sizes and IoU thresholds anew; the matches are computed once. ``--kind bbox`` scores boxes.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.coco.estimates import average_precision_estimates
from maskwright.evaluation.coco.evaluator import run_coco_eval
from maskwright.evaluation.coco.matcher import match_records
from maskwright.evaluation.coco.truth import read_truth
from maskwright.evaluation.results.classes import class_index
from maskwright.evaluation.results.records import read_results

SIDE = 640
Result = TypeVar("Result")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="a COCO file and COCO results for it")
    parser.add_argument("--kind", choices=["segm", "bbox"], default="segm", help="what is scored in the files")
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--samples", type=int, default=1000)
    options = parser.parse_args(arguments)
    if options.files:
        truth = read_truth(options.files[0])
        truth.draw_masks()
        index = class_index(options.files[1], truth.names, truth.other_names)
        results = read_results(options.files[1], truth.image_index(), index)
        document, found, kind = truth.coco_dataset(options.kind), results.of(options.kind), options.kind
    else:
        document, found = invented(options.images)
        kind = "bbox"
    objects = sum(not each["iscrowd"] for each in document["annotations"])
    print(f"{len(document['images']):,} images, {objects:,} objects, {len(found):,} detections")
    timed("the evaluation", lambda: run_coco_eval(document, found, kind))
    records = timed("matches", lambda: match_records(document, found, kind))
    weights = Resampling(options.samples).weights(len(document["images"]))
    estimates = timed(f"{options.samples:,} resamples", lambda: average_precision_estimates(records, weights))
    interval = estimates.overall["AP"].interval(0.95)
    print(f"AP {interval['value']:.4f} [{interval['low']:.4f}, {interval['high']:.4f}]")


def timed(what: str, work: Callable[[], Result]) -> Result:
    """Return what ``work`` returns, and print its seconds."""
    started, used = time.perf_counter(), time.process_time()
    result = work()
    print(f"{what:<18}{time.perf_counter() - started:8.2f} s, CPU {time.process_time() - used:8.2f} s", flush=True)
    return result


def invented(images: int, classes: int = 80) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a COCO document with boxes, about 7.3 objects an image, and a hundred detections an image."""
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.full(classes, 0.3))
    annotations, results = [], []
    for image in range(1, images + 1):
        for _ in range(rng.poisson(7.3)):
            category, box = int(rng.choice(classes, p=shares)) + 1, random_box(rng)
            identity = {"image_id": image, "category_id": category}
            annotations.append(
                {**identity, "id": len(annotations) + 1, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
            )
            for _ in range(rng.choice([0, 1, 1, 2])):
                near = [float(v) for v in np.array(box) + rng.normal(0, 0.04 * max(box[2:]), 4)]
                near[2:] = [max(1.0, side) for side in near[2:]]
                results.append({**identity, "score": float(rng.beta(4, 3)), "bbox": near})
        for _ in range(92):
            category = int(rng.choice(classes, p=shares)) + 1
            score = float(rng.beta(1, 6))
            results.append({"image_id": image, "category_id": category, "score": score, "bbox": random_box(rng)})
    document = {
        "images": [{"id": i, "height": SIDE, "width": SIDE} for i in range(1, images + 1)],
        "annotations": annotations,
        "categories": [{"id": i, "name": f"class {i}"} for i in range(1, classes + 1)],
    }
    return document, results


def random_box(rng: np.random.Generator) -> list[float]:
    width, height = np.exp(rng.uniform(np.log(8), np.log(400), 2))
    return [float(rng.uniform(0, SIDE - width)), float(rng.uniform(0, SIDE - height)), float(width), float(height)]


if __name__ == "__main__":
    main()
