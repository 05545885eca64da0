"""The built-in streets: drawn scenes in the layout of Cityscapes, whose data is for licensees only.

They have the properties of the real data: eight classes of objects that occlude each other, riders on two-wheelers,
groups of objects with one outline, labels without instances, ignored labels, and image borders. The label ids, the
instance ids and the polygons of an image agree to the pixel under the official drawing rule.

Source of the layout: M. Cordts et al., "The Cityscapes Dataset for Semantic Urban Scene Understanding", CVPR 2016.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.errors import UsageError
from maskwright.files import write_bytes, write_text
from maskwright.synthetic.street_painting import paint_street
from maskwright.synthetic.street_scene import scene
from maskwright.synthetic.street_view import Outline, instance_ids, label_ids, view

__all__ = ["CITIES", "Street", "StreetFiles", "draw_street", "draw_streets"]

# A city belongs to one split. The names are invented, so that no file is mistaken for one of Cityscapes.
CITIES: dict[str, tuple[str, ...]] = {
    "train": ("alderwick", "brookmere", "carnholt"),
    "val": ("dunvale", "elmsford"),
    "test": ("fernhaven",),
}

_MIN_SIDE = 64


class StreetFiles(NamedTuple):
    """The files of one image; their names begin with ``frame``, which is ``<city>_<sequence>_<frame>``."""

    frame: str
    image: Path
    instance_ids: Path
    label_ids: Path
    polygons: Path


class Street(NamedTuple):
    """One image ``(H, W, 3)`` uint8 RGB, its ids ``(H, W)`` uint16 and uint8, and the outlines in drawing order."""

    image: npt.NDArray[np.uint8]
    instance_ids: npt.NDArray[np.uint16]
    label_ids: npt.NDArray[np.uint8]
    outlines: list[Outline]


def draw_streets(
    folder: Path, images: int, seed: int = 0, size: tuple[int, int] = (1024, 2048), split: str = "val"
) -> list[StreetFiles]:
    """Write ``images`` drawn streets of ``size`` (H, W) to ``leftImg8bit`` and ``gtFine`` in ``folder``.

    Image ``i`` depends on ``seed``, ``i``, ``size`` and ``split`` only, so a longer data set begins with the shorter
    one. Files of an earlier call are overwritten. Returns the files in the order of the images.

    Raises ``UsageError`` when a parameter is out of range or the split's folder holds other files.
    """
    if images < 0 or seed < 0 or min(size) < _MIN_SIDE or split not in CITIES:
        raise UsageError(
            f"Streets: found images={images}, seed={seed}, size={size}, split={split!r}; expected images and seed "
            f">= 0, both sides of size >= {_MIN_SIDE} pixels and a split of {', '.join(CITIES)}."
        )
    files = [_files(folder, split, index) for index in range(images)]
    _refuse_others(folder, split, files)
    for index, each in enumerate(files):
        street = draw_street(index, seed, size, split)
        write_bytes(each.image, _png(cv2.cvtColor(street.image, cv2.COLOR_RGB2BGR)))
        write_bytes(each.instance_ids, _png(street.instance_ids))
        write_bytes(each.label_ids, _png(street.label_ids))
        write_text(each.polygons, _polygons(street.outlines, size))
    return files


def draw_street(index: int, seed: int = 0, size: tuple[int, int] = (1024, 2048), split: str = "val") -> Street:
    """Return image ``index`` of a split, with its annotations."""
    # One random stream each, so that a change of colours moves no object.
    geometry, colors = (np.random.default_rng([seed, list(CITIES).index(split), index, stream]) for stream in (1, 2))
    outlines, shown = view(scene(geometry), *size)
    return Street(
        paint_street(colors, outlines, shown), instance_ids(outlines, shown), label_ids(outlines, shown), outlines
    )


def _files(folder: Path, split: str, index: int) -> StreetFiles:
    cities = CITIES[split]
    city = cities[index % len(cities)]
    # Each snippet of the real data has 30 frames, of which number 19 is annotated.
    frame = f"{city}_{index // len(cities):06d}_000019"
    truth = folder / "gtFine" / split / city
    image = folder / "leftImg8bit" / split / city / f"{frame}_leftImg8bit.png"
    return StreetFiles(
        frame,
        image,
        truth / f"{frame}_gtFine_instanceIds.png",
        truth / f"{frame}_gtFine_labelIds.png",
        truth / f"{frame}_gtFine_polygons.json",
    )


def _refuse_others(folder: Path, split: str, files: list[StreetFiles]) -> None:
    """Raise ``UsageError`` for other files in the split, because they would count in every score."""
    own = {path for each in files for path in each[1:]}
    for part in ("leftImg8bit", "gtFine"):
        for path in sorted((folder / part / split).rglob("*")):
            if path.is_file() and path not in own and not path.name.startswith("."):
                raise UsageError(
                    f"{path}: found a file that is not part of these {len(files)} streets; expected a folder of their "
                    "own. Choose another folder, or remove the split."
                )


def _polygons(outlines: list[Outline], size: tuple[int, int]) -> str:
    objects = [{"label": each.label, "polygon": each.polygon.tolist()} for each in outlines]
    return json.dumps({"imgHeight": size[0], "imgWidth": size[1], "objects": objects}) + "\n"


def _png(image: npt.NDArray[Any]) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()
