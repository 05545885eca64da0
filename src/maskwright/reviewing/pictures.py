"""Pictures of suspects: the part of the image around each, with labels and predictions as outlines in layers."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwright.errors import DataError
from maskwright.evaluation.coco.truth import CocoTruth
from maskwright.evaluation.results.records import Results
from maskwright.images.decode import image_path, image_size, read_image
from maskwright.images.resize import resize_image
from maskwright.reports.pictures.embedded import webp_uri
from maskwright.reports.review.page import DrawnOutline, SuspectPicture
from maskwright.reviewing.outlines import outline_rings
from maskwright.reviewing.suspects import Suspect
from maskwright.structures import ResultRecord, TruthRecord

# Pixels of a picture at most, and the share of the suspect's box that is shown around it on each side.
_LONGEST, _AROUND, _FEWEST = 360, 0.6, 48
# Other detections of at least this score are shown faintly.
_SHOWN_SCORE = 0.5
# Of labels, and of detections, beside those that are suspected: more could not be told apart.
_MOST_OTHERS = 40
# Beyond every image; the ends of boxes of larger numbers would be infinite.
_FAR = 1e15

_Box = tuple[int, int, int, int]


def suspect_pictures(
    suspects: Sequence[Suspect], truth: CocoTruth, results: Results, folder: Path
) -> Iterator[SuspectPicture]:
    """Yield the picture of each suspect in their order; each image of ``folder`` is read once for those in a row.

    One whose image cannot be read has a fault instead.
    """
    objects, found = _by_image(truth.annotations), _by_image(results.records)
    names = truth.labels()
    pixels: tuple[int, npt.NDArray[np.uint8] | str] | None = None
    labels, others = _Shapes([], []), _Shapes([], [])
    for each in suspects:
        image = truth.images[each.image]
        if pixels is None or pixels[0] != each.image:
            pixels = each.image, _read(folder, image["file_name"], (image["height"], image["width"]))
            labels = _Shapes(truth.annotations, objects.get(image["id"], []))
            confident = [i for i in found.get(image["id"], []) if results.records[i]["score"] >= _SHOWN_SCORE]
            others = _Shapes(results.records, confident)
        if isinstance(pixels[1], str):
            yield SuspectPicture(fault=pixels[1])
            continue
        box = _around(
            [truth.annotations[i]["bbox"] for i in each.objects] + [_box(results.records[i]) for i in each.found],
            (image["height"], image["width"]),
        )
        crop = pixels[1][box[1] : box[3], box[0] : box[2]]
        scale = min(1.0 if max(crop.shape[:2]) > _LONGEST else 2.0, _LONGEST / max(crop.shape[:2]))
        height, width = (max(1, round(side * scale)) for side in crop.shape[:2])
        yield SuspectPicture(
            webp_uri(resize_image(crop, (height, width)), 70),
            width,
            height,
            box,
            [_outline(truth.annotations[i], scale, names, i in each.objects) for i in labels.shown(each.objects, box)],
            [_outline(results.records[i], scale, names, i in each.found) for i in others.shown(each.found, box)],
        )


class _Shapes:
    """The labels of one image, or its detections: their positions among all ``records``, and their boxes."""

    def __init__(self, records: Sequence[TruthRecord] | Sequence[ResultRecord], positions: Sequence[int]) -> None:
        self._positions = np.array(positions, np.int64)
        boxes = np.array([records[i]["bbox"] for i in positions], np.float64).reshape(-1, 4).clip(-_FAR, _FAR)
        self._from, self._to = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]

    def shown(self, chosen: Sequence[int], part: _Box) -> list[int]:
        """Return the ``chosen`` positions, and those of up to 40 others that lie in ``part`` (xyxy), nearest first."""
        first, last = np.array(part[:2]), np.array(part[2:])
        inside = ((self._from < last) & (self._to > first)).all(axis=1) & ~np.isin(self._positions, chosen)
        places = np.flatnonzero(inside)
        far = np.abs(self._from[places] + self._to[places] - first - last).sum(axis=1)
        nearest = places[np.argsort(far, kind="stable")[:_MOST_OTHERS]]
        return sorted([*chosen, *self._positions[nearest].tolist()])


def _by_image(records: Sequence[TruthRecord] | Sequence[ResultRecord]) -> dict[int, list[int]]:
    positions: dict[int, list[int]] = {}
    for position, each in enumerate(records):
        positions.setdefault(each["image_id"], []).append(position)
    return positions


def _read(folder: Path, name: str, size: tuple[int, int]) -> npt.NDArray[np.uint8] | str:
    """Return the pixels of an image, or in words why it cannot be shown."""
    try:
        path = image_path(folder, name)
        found = image_size(path)
        if found != size:
            return f"{name} is {found[1]}×{found[0]} pixels on disk, but {size[1]}×{size[0]} in the annotation file."
        return read_image(path)
    except (DataError, OSError, ValueError):
        return f"{name} cannot be read in the images folder."


def _box(record: ResultRecord) -> list[float]:
    return record["bbox"]


def _around(boxes: Sequence[Sequence[float]], size: tuple[int, int]) -> _Box:
    """Return the part (xyxy pixels) of an image of ``size`` that shows ``boxes`` (xywh) and what is around them."""
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    more = max(
        _AROUND * max(right - left, bottom - top), (_FEWEST - (right - left)) / 2, (_FEWEST - (bottom - top)) / 2
    )
    # Sides of huge boxes may be infinite here, which is no int.
    x1, y1 = (int(max(0.0, min(side - more, last))) for side, last in ((left, size[1]), (top, size[0])))
    x2, y2 = (int(max(-2.0, min(side + more, last - 1))) + 1 for side, last in ((right, size[1]), (bottom, size[0])))
    # A box from outside the image leaves nothing of it: the whole image is shown.
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else (0, 0, size[1], size[0])


def _outline(record: TruthRecord | ResultRecord, scale: float, names: dict[int, str], chosen: bool) -> DrawnOutline:
    """Return the outline of a mask, or its box where there is none, as an SVG path in pixels of the image."""
    # To within a pixel of the picture, as wide as its line.
    parts = [
        "M" + "L".join(f"{x:g} {y:g}" for x, y in ring.round(1).tolist()) + "Z"
        for ring in outline_rings(record, 0.75 / scale)
    ]
    score = f" {record['score']:.2f}" if "score" in record else ""
    return DrawnOutline("".join(parts), chosen, f"{names[record['category_id']]}{score}")
