"""Annotations of one image for the tests of checks."""

import json
from typing import Any

import msgspec

from maskwright.annotations.checks.measurements import AnnotationBatch, measure_annotations
from maskwright.annotations.coco.file import CocoAnnotation

HEIGHT, WIDTH = 48, 64
SQUARE = [10, 10, 30, 10, 30, 30, 10, 30]


def annotation(segmentation: Any = ([*SQUARE],), identity: int = 1, **fields: Any) -> CocoAnnotation:
    """A square of 20 × 20 pixels with its box and area, unless told otherwise."""
    known = {"bbox": [10, 10, 20, 20], "area": 400, "iscrowd": 0} | fields
    return CocoAnnotation(identity, 1, 1, msgspec.Raw(json.dumps(segmentation).encode()), **known)


def batch(*annotations: CocoAnnotation) -> AnnotationBatch:
    """The annotations, measured."""
    return measure_annotations(annotations, {1: (HEIGHT, WIDTH)})


def column(x: int, y: int, length: int) -> dict[str, Any]:
    """An RLE of ``length`` pixels down from row y of column x."""
    start = x * HEIGHT + y
    return {"size": [HEIGHT, WIDTH], "counts": [start, length, HEIGHT * WIDTH - start - length]}


def block(x: int, y: int, width: int, height: int) -> dict[str, Any]:
    """An RLE of a filled rectangle."""
    counts = [x * HEIGHT + y]
    for _ in range(width):
        counts += [height, HEIGHT - height]
    counts[-1] = HEIGHT * WIDTH - sum(counts[:-1])
    return {"size": [HEIGHT, WIDTH], "counts": counts}
