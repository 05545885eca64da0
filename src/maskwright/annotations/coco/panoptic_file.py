"""COCO's panoptic format: a JSON file with a record for each image, beside a folder with a PNG file for each.

The colour of a pixel in a PNG file is the id of its segment; ``segments_info`` of the image's record gives the class of
each segment. Source of the format: https://cocodataset.org/#format-data, "Panoptic Segmentation".
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, TypeVar

import msgspec

from maskwright.annotations.coco.json_text import decode_leniently, read_text
from maskwright.errors import DataError
from maskwright.files import write_bytes
from maskwright.masks.label_map import boxes_of
from maskwright.masks.panoptic_png import VOID, write_panoptic_png
from maskwright.masks.segment_runs import segment_masks
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.structures import PanopticMap, normalise_name

_Record = TypeVar("_Record")
_LONGEST_SHOWN = 200


class SegmentRecord(msgspec.Struct, gc=False):
    """One segment of an image: its id, which is its colour in the PNG file, and its class; ``area`` in pixels."""

    id: int
    category_id: int
    area: float | None = None
    iscrowd: int | bool = 0


class PanopticRecord(msgspec.Struct, gc=False):
    """The segments of one image, and the name of its PNG file. Cityscapes' own script writes ids of images as text."""

    image_id: int | str
    file_name: str
    segments_info: list[SegmentRecord]


class PanopticImage(msgspec.Struct, gc=False):
    """One record of ``images``; the size in pixels is None where the file does not state it."""

    id: int | str
    file_name: str = ""
    height: int | None = None
    width: int | None = None


class PanopticCategory(msgspec.Struct, gc=False):
    """One class: things are countable objects, stuff is not; ``isthing`` is None where the file does not say which.

    ``name`` is empty where the file gives none.
    """

    id: int
    name: str = ""
    isthing: int | bool | None = None


@dataclass
class PanopticFile:
    """The content of a panoptic JSON file.

    ``unreadable`` says what was found in the place of each record of ``annotations`` that does not fit the format.
    """

    path: Path
    records: list[PanopticRecord]
    images: list[PanopticImage] = field(default_factory=list)
    categories: list[PanopticCategory] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


class _Document(msgspec.Struct):
    annotations: list[PanopticRecord]
    images: list[PanopticImage] = []  # msgspec gives each document a list of its own
    categories: list[PanopticCategory] = []


class _LooseDocument(msgspec.Struct):
    annotations: list[msgspec.Raw]
    images: list[msgspec.Raw] = []
    categories: list[msgspec.Raw] = []


_strict = msgspec.json.Decoder(_Document)
_loose = msgspec.json.Decoder(_LooseDocument)


def read_panoptic(path: Path) -> PanopticFile:
    """Read the panoptic JSON file at ``path``, plain or compressed by gzip; results may lack images and categories.

    Records of ``annotations`` that do not fit are named in ``unreadable``. Those of ``images`` that do not are left
    out: only sizes are taken from them.

    Raises ``UsageError`` when there is no such file. Raises ``DataError`` when it is not JSON, has no record with
    ``segments_info``, or has a category that does not fit.
    """

    def decode(content: bytes, _: Any) -> PanopticFile:
        try:
            document = _strict.decode(content)
            return PanopticFile(path, document.annotations, document.images, document.categories)
        except (msgspec.ValidationError, UnicodeDecodeError):
            return _decoded_loosely(path, _loose.decode(content))

    with collector_paused():
        found = decode_leniently(path, read_text(path, []), [], decode)
    if found.unreadable and not found.records:
        raise DataError(
            f"{path}: none of its {len(found.unreadable)} annotations is a panoptic record ({found.unreadable[0]}); "
            "expected {image_id, file_name, segments_info} of each image. Give COCO's panoptic file, not that of "
            "instances."
        )
    return found


def _decoded_loosely(path: Path, document: _LooseDocument) -> PanopticFile:
    records, unreadable = _fitting(document.annotations, PanopticRecord)
    images, _ = _fitting(document.images, PanopticImage)
    categories, faults = _fitting(document.categories, PanopticCategory)
    if faults:
        raise DataError(f"{path}: has a category that cannot be read ({faults[0]}); expected {{id, name, isthing}}.")
    return PanopticFile(path, records, images, categories, unreadable)


def _fitting(raw: Iterable[msgspec.Raw], kind: type[_Record]) -> tuple[list[_Record], list[str]]:
    """Return the records of ``raw`` that are of ``kind``, and what is wrong with each of the others."""
    decoder = msgspec.json.Decoder(kind)
    found, faults = [], []
    for position, content in enumerate(raw):
        try:
            found.append(decoder.decode(content))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            faults.append(f"record {position}: {error!s:.{_LONGEST_SHOWN}}")
    return found, faults


def png_folder(path: Path) -> Path:
    """Return the folder of the PNG files of the panoptic JSON file ``path``, as panopticapi takes it.

    It is ``X`` for ``X.json``, or the folder of the file itself where there is no such folder.
    """
    beside = path.with_name(path.name.removesuffix(".gz").removesuffix(".json"))
    return beside if beside != path and beside.is_dir() else path.parent


class WritePanoptic(Protocol):
    """A function that writes the segments of one image; ``png`` is the name of its PNG file, by default the image's."""

    def __call__(self, image_id: int | str, file_name: str, found: PanopticMap, png: str | None = None) -> None:
        """Write ``found``, whose labels are category ids."""
        ...


@contextmanager
def writing_panoptic(path: Path, categories: Iterable[PanopticCategory]) -> Iterator[WritePanoptic]:
    """Yield a function that writes the PNG file of one image to the folder ``X`` of ``path``, which is ``X.json``.

    The JSON file is written when all images are. ``segments_info`` states the area and the box (xywh) of each segment
    in pixels; a segment without a pixel is left out.

    The function raises ``DataError`` for a map with ids that are no segment's or beyond 24 bits, and for an image whose
    PNG file would have the name of another's.
    """
    folder = path.with_suffix("")
    images: list[dict[str, Any]] = []
    records: dict[str, dict[str, Any]] = {}

    def write(image_id: int | str, file_name: str, found: PanopticMap, png: str | None = None) -> None:
        png = png or PurePosixPath(file_name).with_suffix(".png").as_posix()
        if png in records:
            raise DataError(f"{folder / png}: two images are called so but for their suffix; expected different names.")
        infos = _segment_infos(folder / png, found)
        write_panoptic_png(folder / png, found.ids)
        height, width = found.ids.shape
        images.append({"id": image_id, "file_name": file_name, "height": height, "width": width})
        records[png] = {"image_id": image_id, "file_name": png, "segments_info": infos}

    yield write
    annotations = list(records.values())
    content = {"images": images, "annotations": annotations, "categories": [_category(each) for each in categories]}
    write_bytes(path, msgspec.json.encode(content) + b"\n")


def _segment_infos(path: Path, found: PanopticMap) -> list[dict[str, Any]]:
    masks = segment_masks(found.ids)
    unknown = sorted(masks.keys() - {VOID} - {segment.id for segment in found.segments})
    if unknown:
        raise DataError(f"{path}: has pixels of the segment {unknown[0]}, which is none of the map's segments.")
    drawn = [segment for segment in found.segments if segment.id in masks and segment.id != VOID]
    boxes = boxes_of([masks[segment.id].rle for segment in drawn])
    return [
        {
            "id": segment.id,
            "category_id": segment.label,
            "area": masks[segment.id].area,
            "bbox": box,
            "iscrowd": int(segment.crowd),
        }
        for segment, box in zip(drawn, boxes, strict=True)
    ]


def _category(category: PanopticCategory) -> dict[str, Any]:
    isthing = {} if category.isthing is None else {"isthing": int(category.isthing)}
    return {"id": category.id, "name": normalise_name(category.name), **isthing}
