"""The built-in shapes: a COCO instance data set of drawn discs, squares, triangles and rings.

It needs no download; the demo, the tests and the tutorials train on it. It has the properties of real data: occlusion,
holes, crowd regions, empty images, images of several sizes, classes of unequal frequency and category ids with gaps.
Masks and pixels agree exactly, because COCO's rasteriser draws both.
"""

import json
import os
import re
from pathlib import Path
from typing import Any, Literal

import cv2
import hotcoco.mask
import numpy as np
import numpy.typing as npt

from maskwright.errors import UsageError
from maskwright.synthetic import shape_painting
from maskwright.synthetic.shape_scene import CLASS_NAMES, Mask, Shape, scene, visible

__all__ = ["CATEGORY_IDS", "CLASS_NAMES", "Domain", "draw_image", "write_shapes"]

CATEGORY_IDS: dict[str, int] = dict(zip(CLASS_NAMES, (3, 7, 11, 20), strict=True))

Domain = Literal["clear", "shifted"]

_DESCRIPTION = "Maskwright shapes"
_VERSION = "1"  # Increase it when any pixel or annotation changes, so that older folders are written again.
_MIN_SIDE = 64


def write_shapes(
    folder: Path, images: int, seed: int = 0, size: tuple[int, int] = (128, 160), domain: Domain = "clear"
) -> Path:
    """Write ``images`` drawn images to ``folder/images`` and their annotations to ``folder/annotations.json``.

    Image ``i`` depends on ``seed``, ``i``, ``size`` and ``domain`` only, so a longer data set begins with the shorter
    one. Sides vary by −15 … +20 % around ``size`` (H, W). The domain ``shifted`` shows the scenes of ``clear`` with
    fog, blur, a colour cast and sensor noise; the annotations are the same. A folder that holds this data set already
    is unchanged; one with other parameters is replaced.

    Returns the path of ``annotations.json``, which is written last.

    Raises ``UsageError`` when a parameter is out of range or ``folder`` holds other files.
    """
    if images < 0 or seed < 0 or min(size) < _MIN_SIDE or domain not in ("clear", "shifted"):
        raise UsageError(
            f"Shapes: found images={images}, seed={seed}, size={size}, domain={domain!r}; expected images and seed "
            f">= 0, both sides of size >= {_MIN_SIDE} pixels and the domain clear or shifted."
        )
    path = folder / "annotations.json"
    info: dict[str, Any] = {"description": _DESCRIPTION, "version": _VERSION}
    info |= {"images": images, "seed": seed, "size": list(size), "domain": domain}
    names = [f"{index:06d}.jpg" for index in range(images)]
    if path.exists():
        if _own_info(path) == info and all((folder / "images" / name).is_file() for name in names):
            return path
        _discard(folder)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    records: dict[str, Any] = {"info": info, "licenses": [], "images": [], "annotations": []}
    records["categories"] = [{"id": CATEGORY_IDS[name], "name": name, "supercategory": "shape"} for name in CLASS_NAMES]
    for index, name in enumerate(names):
        image, annotations = draw_image(index, seed, size, domain)
        _write_new(folder / "images" / name, _jpeg(image))
        height, width = image.shape[:2]
        records["images"].append({"id": index + 1, "file_name": name, "height": height, "width": width})
        for annotation in annotations:
            number = len(records["annotations"]) + 1
            records["annotations"].append({"id": number, "image_id": index + 1, **annotation})
    _write_new(path, json.dumps(records).encode())
    return path


def draw_image(
    index: int, seed: int = 0, size: tuple[int, int] = (128, 160), domain: Domain = "clear"
) -> tuple[npt.NDArray[np.uint8], list[dict[str, Any]]]:
    """Return image ``index`` of the data set, ``(H, W, 3)`` uint8 RGB, and its annotations.

    The annotations are COCO records without ``id`` and ``image_id``.
    """
    # One random stream each, so that a change of colours moves no object and both domains have the same drawing.
    geometry, paint, weather = (np.random.default_rng([seed, index, stream]) for stream in (1, 2, 3))
    height, width = (round(side * geometry.uniform(0.85, 1.2)) for side in size)
    shapes = visible(scene(geometry, height, width, min(size)))
    canvas = shape_painting.background(paint, height, width)
    for shape, _ in shapes:
        for part in shape.parts:
            shape_painting.fill(canvas, part, paint)
    image = shape_painting.photograph(canvas, paint) if domain == "clear" else shape_painting.fog(canvas, weather)
    return image, [_annotation(shape, seen) for shape, seen in shapes]


def _annotation(shape: Shape, seen: Mask) -> dict[str, Any]:
    """Return the COCO record of the visible pixels: area in pixels, bbox xywh in pixels."""
    rle = hotcoco.mask.encode(np.asfortranarray(seen, np.uint8))
    return {
        "category_id": CATEGORY_IDS[shape.name],
        "segmentation": _segmentation(shape, seen, rle["counts"]),
        "area": int(seen.sum()),
        "bbox": [float(side) for side in hotcoco.mask.toBbox(rle)],
        "iscrowd": int(shape.crowd),
    }


def _segmentation(shape: Shape, seen: Mask, counts: bytes) -> list[list[float]] | dict[str, Any]:
    """Return run lengths for a crowd, a polygon for a whole shape that has one, else a compressed RLE, as in COCO."""
    size = list(seen.shape)
    if shape.crowd:
        return {"size": size, "counts": _run_lengths(seen)}
    if shape.polygon is not None and np.array_equal(seen, shape.mask):
        return [shape.polygon]
    return {"size": size, "counts": counts.decode("ascii")}


def _run_lengths(mask: Mask) -> list[int]:
    """Return COCO's uncompressed counts: column by column, background first."""
    pixels = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(pixels)) + 1
    counts = np.diff(edges, prepend=0, append=pixels.size).tolist()
    return [0, *counts] if pixels[0] else counts


def _own_info(path: Path) -> dict[str, Any]:
    """Return the ``info`` of annotations that :func:`write_shapes` wrote; raise ``UsageError`` for all others."""
    try:
        info = json.loads(path.read_bytes())["info"]
        if info["description"] == _DESCRIPTION:
            return info
    except (ValueError, KeyError, TypeError):
        pass  # Not JSON or not COCO, so not written by write_shapes.
    raise _foreign(path)


def _foreign(path: Path) -> UsageError:
    return UsageError(
        f"{path}: found a file that is not part of this data set; expected a folder of its own. Choose another folder."
    )


def _discard(folder: Path) -> None:
    """Remove an earlier data set, its annotations first, so that they are never paired with other images."""
    (folder / "annotations.json").unlink()
    for image in (folder / "images").glob("*.jpg"):
        if re.fullmatch(r"\d{6,}", image.stem):
            image.unlink()


def _jpeg(image: npt.NDArray[np.uint8]) -> bytes:
    # Without chroma subsampling, which blurs the edges of shapes this small.
    options = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)[1].tobytes()


def _write_new(path: Path, content: bytes) -> None:
    """Write by renaming. An equal file of an interrupted call may exist; a different one is not overwritten."""
    if path.exists() and path.read_bytes() != content:
        raise _foreign(path)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
