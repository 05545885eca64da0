"""Data sets as strangers bring them: 100 images with a COCO file, of three sources."""

import json
import shutil
from pathlib import Path
from typing import Any

from maskwright.synthetic.shapes import write_shapes

IMAGES = 100
# Of a Roboflow project: a handful of classes below a parent that has no object.
CLASSES = ("person", "car", "motorcycle", "bicycle")


def shapes(folder: Path, shared: Path | None = None) -> list[str]:
    """Built-in shapes; returns the arguments of ``maskwright train`` for them, as the other functions do."""
    labels = write_shapes(folder / "shapes", IMAGES)
    return [str(labels), "--images", str(labels.parent / "images")]


def photographs(folder: Path, shared: Path) -> list[str]:
    """The first images of coco300 with all their classes, in one folder."""
    content, images = _coco300(shared, "train-300")
    return _written(folder / "photographs", _first(content, 0, IMAGES), images)


def roboflow(folder: Path, shared: Path) -> list[str]:
    """Other images of coco300 as Roboflow exports a project: parts, a file beside the images, a parent category."""
    content, images = _coco300(shared, "validation-300")
    shown = {name: number for number, name in enumerate(CLASSES, start=1)}
    by_id = {each["id"]: shown[each["name"]] for each in content["categories"] if each["name"] in shown}
    content["annotations"] = [
        {**each, "category_id": by_id[each["category_id"]]}
        for each in content["annotations"]
        if each["category_id"] in by_id and not each["iscrowd"]
    ]
    content["categories"] = [
        {"id": 0, "name": "street", "supercategory": "none"},
        *({"id": number, "name": name, "supercategory": "street"} for name, number in shown.items()),
    ]
    for part, start, number in (("train", 0, 80), ("valid", 80, 20)):
        place = folder / "street-1" / part
        _copy(_first(content, start, number), images, place, place / "_annotations.coco.json")
    return [str(folder / "street-1")]


def whole_file(folder: Path, shared: Path) -> list[str]:
    """All 300 images of coco300 that were kept for validation, with their 58 classes."""
    place = shared / "data" / "coco300" / "validation-300"
    return [str(place / "labels.json"), "--images", str(place / "data")]


def _coco300(shared: Path, part: str) -> tuple[dict[str, Any], Path]:
    place = shared / "data" / "coco300" / part
    return json.loads((place / "labels.json").read_text(encoding="utf-8")), place / "data"


def _first(content: dict[str, Any], start: int, number: int) -> dict[str, Any]:
    images = sorted(content["images"], key=lambda image: image["file_name"])[start : start + number]
    ids = {image["id"] for image in images}
    annotations = [each for each in content["annotations"] if each["image_id"] in ids]
    return {**content, "images": images, "annotations": annotations}


def _written(folder: Path, content: dict[str, Any], images: Path) -> list[str]:
    _copy(content, images, folder / "photos", folder / "labels.json")
    return [str(folder / "labels.json"), "--images", str(folder / "photos")]


def _copy(content: dict[str, Any], images: Path, to: Path, labels: Path) -> None:
    to.mkdir(parents=True)
    for image in content["images"]:
        shutil.copyfile(images / image["file_name"], to / image["file_name"])
    labels.write_text(json.dumps(content), encoding="utf-8")
