"""The exports of labelling tools, made of the built-in shapes as each tool lays them out."""

import json
import shutil
from pathlib import Path
from typing import Any

from maskwright.synthetic.shapes import write_shapes


def shapes(folder: Path, images: int, seed: int = 0) -> tuple[dict[str, Any], Path]:
    """The content of a COCO file of built-in shapes, and the folder of its images."""
    path = write_shapes(folder, images, seed, (64, 80))
    return json.loads(path.read_text(encoding="utf-8")), path.parent / "images"


def roboflow(root: Path, parts: dict[str, int], made: Path) -> Path:
    """An export of Roboflow: images beside ``_annotations.coco.json``, a parent category without objects."""
    for seed, (part, images) in enumerate(parts.items()):
        content, folder = shapes(made / part, images, seed)
        shutil.copytree(folder, root / part)
        content["categories"] = [
            {"id": 0, "name": "shapes", "supercategory": "none"},
            *({**each, "supercategory": "shapes"} for each in content["categories"]),
        ]
        write(root / part / "_annotations.coco.json", content)
    return root


def cvat(root: Path, images: int, made: Path) -> Path:
    """An export of CVAT: ``annotations/instances_default.json``, and the images in ``images/default``."""
    content, folder = shapes(made, images)
    shutil.copytree(folder, root / "images" / "default")
    write(root / "annotations" / "instances_default.json", content)
    return root


def label_studio(root: Path, images: int, made: Path) -> Path:
    """An export of Label Studio from Windows: ``result.json`` with ``images\\\\NAME``."""
    content, folder = shapes(made, images)
    shutil.copytree(folder, root / "images")
    for image in content["images"]:
        image["file_name"] = f"images\\{image['file_name']}"
    write(root / "result.json", content)
    return root


def write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
