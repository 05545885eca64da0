"""The built-in streets as COCO instance data: training and validation images of a panoptic recipe, drawn when needed.

Things have an annotation each, a group of things is a crowd region, and each stuff class of an image is one annotation.
Pixels without a label that is evaluated have none.
"""

import json
from pathlib import Path
from typing import Any

import cv2

from maskwright.errors import UsageError
from maskwright.files import write_bytes
from maskwright.masks.label_map import boxes_of
from maskwright.masks.segment_runs import segment_masks
from maskwright.synthetic.street_panoptic import CATEGORIES, panoptic_map
from maskwright.synthetic.streets import draw_street

STREET_CLASSES = tuple(category.name for category in CATEGORIES)
STREET_STUFF = tuple(category.name for category in CATEGORIES if not category.isthing)

_DESCRIPTION = "Maskwright streets"
_VERSION = "1"  # Increase it when any pixel or annotation changes, so that older folders are written again.


def write_street_parts(folder: Path, *, train: int, validation: int, seed: int, height: int) -> dict[str, Path]:
    """Write so many streets of each part below ``folder``; return the annotation file of each.

    Images are ``height`` × 2 ``height`` pixels, those of
    :func:`maskwright.synthetic.streets.draw_street` of the splits ``train`` and ``val``. A folder that holds this data
    set already is unchanged.

    Raises ``UsageError`` for an annotation file of something else.
    """
    return {
        name: _write_part(folder / name, images, seed, (height, 2 * height), split)
        for name, images, split in (("train", train, "train"), ("validation", validation, "val"))
    }


def _write_part(folder: Path, images: int, seed: int, size: tuple[int, int], split: str) -> Path:
    path = folder / "annotations.json"
    info = {"description": _DESCRIPTION, "version": _VERSION, "images": images, "seed": seed, "size": list(size)}
    names = [f"{split}_{index:06d}.png" for index in range(images)]
    if path.exists() and _is_of(path, info) and all((folder / "images" / name).is_file() for name in names):
        return path
    records: dict[str, Any] = {"info": info, "licenses": [], "images": [], "annotations": []}
    records["categories"] = [{"id": each.id, "name": each.name, "supercategory": "street"} for each in CATEGORIES]
    for number, name in enumerate(names, start=1):
        street = draw_street(number - 1, seed, size, split)
        picture = cv2.imencode(".png", cv2.cvtColor(street.image, cv2.COLOR_RGB2BGR))[1]
        write_bytes(folder / "images" / name, picture.tobytes())
        records["images"].append({"id": number, "file_name": name, "height": size[0], "width": size[1]})
        found = panoptic_map(street)
        masks = segment_masks(found.ids)
        for segment in found.segments:
            mask = masks[segment.id]
            records["annotations"].append(
                {
                    "id": len(records["annotations"]) + 1,
                    "image_id": number,
                    "category_id": segment.label,
                    "segmentation": {"size": list(size), "counts": mask.rle["counts"].decode("ascii")},
                    "area": mask.area,
                    "bbox": boxes_of([mask.rle])[0],
                    "iscrowd": int(segment.crowd),
                }
            )
    write_bytes(path, json.dumps(records).encode())
    return path


def _is_of(path: Path, info: dict[str, Any]) -> bool:
    """Return whether ``path`` has these streets; raise ``UsageError`` for a file of something else."""
    try:
        found = json.loads(path.read_bytes())["info"]
    except (ValueError, KeyError, TypeError):
        found = {}
    if found.get("description") != _DESCRIPTION:
        raise UsageError(f"{path}: is not of the built-in streets; expected a folder of their own. Choose another one.")
    return found == info
