"""The reader of COCO results: each record is checked, and those that cannot be scored are counted and named."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec
from hotcoco import mask as coco_mask

from maskwright.annotations.coco.json_text import read_text, repair_json
from maskwright.annotations.faults import Fault
from maskwright.errors import DataError
from maskwright.evaluation.results.index import ClassIndex, Images
from maskwright.evaluation.results.masks import CompressedRle, checked_masks
from maskwright.evaluation.results.rejected import RejectedResults
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.structures import AreaRule, ResultRecord, with_masks, without_boxes

_NOTHING = msgspec.Raw(b"null")


class _Record(msgspec.Struct, gc=False):
    """A results record whose box and mask are still raw JSON."""

    image_id: int
    category_id: int
    score: float
    bbox: msgspec.Raw = _NOTHING
    segmentation: msgspec.Raw = _NOTHING
    file_name: str | None = None


class UsualRecord(msgspec.Struct, gc=False):
    """A results record as detectors write it, decoded at once: ``bbox`` (xywh pixels) and a compressed RLE."""

    image_id: int
    category_id: int
    score: float
    bbox: list[float] | None = None
    segmentation: CompressedRle | None = None
    file_name: str | None = None


@dataclass
class Results:
    """The records of results that can be scored, with the truth's image and category ids.

    Each record has ``image_id category_id score`` and ``bbox`` (xywh pixels), ``segmentation`` (RLE) or both. Where the
    first record has a box, all have one. ``found`` counts all records of the file, those ``rejected`` included.
    ``without_mask`` records have no mask. ``area_rule`` is where pycocotools takes the size of a detected mask from:
    the box if the first record has one, else the mask.
    """

    path: Path
    records: list[ResultRecord]
    found: int
    rejected: RejectedResults
    without_mask: int = 0
    area_rule: AreaRule = "mask"

    @property
    def has_masks(self) -> bool:
        """Return whether masks can be scored: some record has one, or there is no record at all."""
        return self.without_mask < len(self.records) or not self.records

    def of(self, iou_type: str, area: AreaRule | None = None) -> list[ResultRecord]:
        """Return the records to score for the IoU type ``bbox``, or those with a mask for ``segm``.

        The evaluator measures the size of a detected mask by ``area``, or by the ``area_rule`` of the records.
        """
        if iou_type == "bbox":
            return self.records
        masked = with_masks(self.records) if self.without_mask else self.records
        return without_boxes(masked) if (area or self.area_rule) == "mask" else [_with_box(each) for each in masked]

    def with_boxes(self) -> list[ResultRecord]:
        """Return all records, each with a box: its own, or the tight box of its mask."""
        return [_with_box(record) for record in self.records]


@collector_paused()
def read_results(path: Path, images: Images, classes: ClassIndex) -> Results:
    """Read the COCO results JSON at ``path``: a list of records with a box, a mask (RLE or polygons) or both.

    ``images`` and ``classes`` look up the truth's images and categories. Records that cannot be scored are rejected:
    counted by reason and named.

    Raises ``UsageError`` when there is no such file. Raises ``DataError`` when it is no list of records, or when it has
    records and none can be scored.
    """
    return checked_results(path, _records(path), images, classes)


def checked_results(
    path: Path, given: Iterable[_Record | UsualRecord | str], images: Images, classes: ClassIndex
) -> Results:
    """Return the records among ``given`` that can be scored, and what was rejected; see :func:`read_results`.

    A text among ``given`` stands for something that is no record and says what it is. ``path`` names the results in
    messages. Raises ``DataError`` when there are records and none can be scored.
    """
    left_out = RejectedResults()
    found, kept = _located(given, images, classes, left_out)
    masks = checked_masks(
        {
            position: (record.segmentation, images.sizes[image_id])
            for position, image_id, _, record in kept
            if record.segmentation is not None and not _is_null(record.segmentation)
        }
    )
    records = []
    for position, image_id, category_id, record in kept:
        mask = masks.get(position)
        if isinstance(mask, str):
            left_out.add("bad_mask", position, mask)
            continue
        box = _box(record.bbox)
        if isinstance(box, str):
            left_out.add("bad_box", position, box)
            continue
        if mask is None and box is None:
            left_out.add("nothing_to_score", position, "has neither bbox nor segmentation")
            continue
        scored = cast(ResultRecord, {"image_id": image_id, "category_id": category_id, "score": record.score})
        if box is not None:
            scored["bbox"] = box
        if mask is not None:
            scored["segmentation"] = mask
        records.append(scored)
    if found and not records:
        raise DataError(f"{path}: none of its {found} records can be scored.", *left_out.lines(path.name))
    area_rule: AreaRule = "box" if records and "bbox" in records[0] else "mask"
    without_mask = sum("segmentation" not in record for record in records)
    if area_rule == "box" or without_mask:
        # Only where no record lacks a mask does the evaluator take missing boxes from the masks, as pycocotools does.
        records = [_with_box(record) for record in records]
    return Results(path, records, found, left_out, without_mask, area_rule)


_Located = tuple[int, int, int, _Record | UsualRecord]


def _located(
    given: Iterable[_Record | UsualRecord | str], images: Images, classes: ClassIndex, rejected: RejectedResults
) -> tuple[int, list[_Located]]:
    """Return the number of records, and those whose image and class are known and whose score is finite."""
    kept = []
    position = -1
    for position, record in enumerate(given):
        if isinstance(record, str):
            rejected.add("not_a_result", position, record)
            continue
        image_id = images.find(record.image_id, record.file_name)
        category_id = classes.categories.get(record.category_id)
        if image_id is None:
            named = f"image {record.image_id}" if record.file_name is None else f"'{record.file_name}'"
            rejected.add("unknown_image", position, f"is of {named}, which the truth does not have")
        elif category_id is None:
            name = classes.foreign.get(record.category_id)
            if name is None:
                rejected.add("unknown_class", position, f"has category_id {record.category_id}, which is unknown")
            else:
                rejected.add(
                    "class_not_scored", position, f"is of class '{name}', which is not among the truth's classes"
                )
        elif not math.isfinite(record.score):
            rejected.add("bad_score", position, f"has the score {record.score}")
        else:
            kept.append((position, image_id, category_id, record))
    return position + 1, kept


_usual_records = msgspec.json.Decoder(list[UsualRecord])
_raw_records = msgspec.json.Decoder(list[msgspec.Raw])
_one_record = msgspec.json.Decoder(_Record)
_box_decoder = msgspec.json.Decoder(list[float])


def _records(path: Path) -> Iterator[_Record | UsualRecord | str]:
    """Yield the records of the file, or a text that says what was found in place of one."""
    faults: list[Fault] = []
    content = read_text(path, faults)
    try:
        yield from _usual_records.decode(content)
        return
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass  # Not the usual fields: each record is decoded by itself below, so that a fault names its record.
    try:
        raw = _raw_records.decode(repair_json(content, faults))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            f"{path}: is not a list of COCO results ({error}); expected [{{image_id, category_id, score, bbox or "
            "segmentation}, …]. Give the results file, not an annotations file."
        ) from error
    for each in raw:
        try:
            yield _one_record.decode(each)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield f"is no result: {error}"


def _box(found: msgspec.Raw | list[float] | None) -> list[float] | str | None:
    """Return the box (xywh), None where there is none, or a text that says what is wrong with it."""
    if found is None or _is_null(found):
        return None
    try:
        box = _box_decoder.decode(found) if isinstance(found, msgspec.Raw) else found
    except (msgspec.DecodeError, UnicodeDecodeError):
        box = None
    if box and len(box) == 4 and all(map(math.isfinite, box)) and box[2] >= 0 and box[3] >= 0:
        return box
    shown = bytes(found).decode(errors="replace") if isinstance(found, msgspec.Raw) else str(found)
    return f"has bbox {shown[:60]}"


def _is_null(value: Any) -> bool:
    return isinstance(value, msgspec.Raw) and bytes(value) == b"null"


def _with_box(record: ResultRecord) -> ResultRecord:
    """Return ``record`` with a box: its own, or that of its mask."""
    if "bbox" in record:
        return record
    return cast(ResultRecord, {**record, "bbox": coco_mask.to_bbox(record["segmentation"]).tolist()})
