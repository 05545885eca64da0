"""Examples for the tests of formats: blank images, objects, and what pycocotools reads of a COCO file."""

import contextlib
import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from pycocotools import mask as oracle
from pycocotools.coco import COCO

from maskwright.annotations.formats.dataset import AnnotatedDataset, AnnotatedImage, AnnotatedObject

Masks = dict[str, tuple[int, int, list[tuple[str, bool, bytes]]]]


def write_blank(path: Path, height: int = 48, width: int = 64) -> Path:
    """Write a black image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((height, width), np.uint8))
    return path


def encode(mask: npt.NDArray[Any]) -> dict[str, Any]:
    return oracle.encode(np.asfortranarray(mask.astype(np.uint8)))


def drawn(mask: npt.NDArray[Any], name: str = "dog", crowd: bool = False) -> AnnotatedObject:
    """An object that has a mask only."""
    return AnnotatedObject(name, encode(mask), crowd=crowd)


def outlined(polygons: list[list[float]], height: int, width: int, name: str = "dog") -> AnnotatedObject:
    """An object that has polygons."""
    return AnnotatedObject(name, oracle.merge(oracle.frPyObjects(polygons, height, width)), polygons)


def frame(height: int = 9, width: int = 12) -> npt.NDArray[np.uint8]:
    """A mask with a hole, at the upper border."""
    mask = np.zeros((height, width), np.uint8)
    mask[:7, 2:10] = 1
    mask[2:5, 4:8] = 0
    return mask


def read_all(dataset: AnnotatedDataset) -> list[AnnotatedImage]:
    """Every image, after seeing that the books balance."""
    images = list(dataset.images)
    account = dataset.audit
    assert account.objects.adds_up
    assert account.images_found == len(images) + sum(account.skipped_images.values())
    account.objects.lines()
    account.to_json()
    return images


def codes(dataset: AnnotatedDataset) -> list[str]:
    return [fault.code for fault in dataset.audit.objects.faults]


def by_pycocotools(path: Path) -> Masks:
    """By image name: height, width, and class, crowd flag and mask of each object in file order."""
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(path))
    found: Masks = {image["file_name"]: (image["height"], image["width"], []) for image in coco.imgs.values()}
    for annotation in coco.dataset["annotations"]:
        counts = coco.annToRLE(annotation)["counts"]
        found[coco.imgs[annotation["image_id"]]["file_name"]][2].append(
            (
                coco.cats[annotation["category_id"]]["name"],
                bool(annotation["iscrowd"]),
                counts.encode() if isinstance(counts, str) else counts,
            )
        )
    return found
