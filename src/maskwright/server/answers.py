"""Answers of the service: the objects or classes of an image as JSON with RLE, and its label map as PNG."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from maskwright.masks.components import masks_by_label
from maskwright.masks.label_map import draw_label_map
from maskwright.masks.png import encode_png
from maskwright.structures import ClassTable, Instances, LabelMap, Task
from maskwright.structures.instances import mask_boxes


class Mask(msgspec.Struct):
    """A mask as COCO's compressed RLE: ``size`` is height and width in pixels."""

    size: list[int]
    counts: str


class FoundObject(msgspec.Struct, rename={"class_name": "class"}):
    """One object of an instance model, or all pixels of one class of a semantic model, whose ``score`` is null.

    ``category_id`` is the index 1..K of the class, ``bbox`` xywh in pixels, ``area`` the pixels of the mask.
    """

    category_id: int
    class_name: str
    score: float | None
    bbox: list[float]
    area: int
    segmentation: Mask
    crowd: bool = False


class Answer(msgspec.Struct):
    """What was found in an image of ``width`` × ``height`` pixels, best score first."""

    task: Task
    width: int
    height: int
    objects: list[FoundObject]


def answer(found: Instances | LabelMap, table: ClassTable) -> Answer:
    """Return the objects of an instance model, or the classes of a label map ``(H, W)`` that are in ``table``.

    Pixels of a label map that are background or ignored belong to no class.
    """
    if isinstance(found, Instances):
        height, width = found.size
        numbers = zip(found.to_coco(0), found.areas.tolist(), found.crowd.tolist(), strict=True)
        objects = [_object(row, table, area, crowd) for row, area, crowd in numbers]
        return Answer("instance", width, height, objects)
    height, width = found.shape
    masks = {label: rle for label, rle in masks_by_label(found).items() if label <= len(table)}
    boxes, rles = mask_boxes(list(masks.values())), list(masks.values())
    whole = Instances((height, width), boxes, np.array(list(masks), np.int64), rles)
    rows = zip(whole.to_coco(0), whole.areas.tolist(), strict=True)
    return Answer("semantic", width, height, [_object(row | {"score": None}, table, area) for row, area in rows])


def _object(row: Any, table: ClassTable, area: int, crowd: bool = False) -> FoundObject:
    label, rle = row["category_id"], row["segmentation"]
    mask = Mask(list(rle["size"]), rle["counts"])
    return FoundObject(label, table.classes[label - 1].name, row["score"], row["bbox"], area, mask, crowd)


def label_png(found: Instances | LabelMap, table: ClassTable) -> bytes:
    """Return the label map as PNG, as ``predict`` writes it: 0 background, 1..K the classes.

    Where objects overlap, a pixel belongs to the one with the best score.
    """
    return encode_png(Path("the answer"), painted_label_map(found, table), table.png_palette())


def painted_label_map(found: Instances | LabelMap, table: ClassTable) -> LabelMap:
    """Return the label map ``(H, W)``, drawn from the objects, best score first, of an instance model."""
    if not isinstance(found, Instances):
        return found
    labels, areas = found.labels.tolist(), found.areas.tolist()
    return draw_label_map(found.size, found.masks, labels, areas, rule="first", dtype=table.label_dtype)
