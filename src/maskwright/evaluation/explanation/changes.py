"""The changes of COCO's protocol that tools make, knowingly or not; each turns a protocol into another one.

Changes of the truth come before those of the results, those before the choice of images, and that before changes of
the rules, in the order of ``CHANGES``, so that two together have one meaning.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt
from hotcoco import mask as coco_mask

from maskwright.evaluation.explanation.scoring import Protocol
from maskwright.masks.cropped import CroppedMask, crop_masks
from maskwright.structures import ImageRecord, Record, ResultRecord, Rle, TruthRecord

_THRESHOLDS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7)


@dataclass(frozen=True)
class ProtocolChange:
    """A change of the protocol: what it is of (``topic``), what it does, and how."""

    topic: str
    meaning: str
    apply: Callable[[Protocol], Protocol]


def _with_crowds(protocol: Protocol) -> Protocol:
    changed = [cast(TruthRecord, {**each, "iscrowd": 0}) for each in protocol.annotations]
    return replace(protocol, annotations=changed)


def _where(protocol: Protocol, kept: Callable[[int, TruthRecord], bool]) -> Protocol:
    places = [i for i, each in enumerate(protocol.annotations) if kept(i, each)]
    return replace(
        protocol,
        annotations=[protocol.annotations[i] for i in places],
        file_ids=[protocol.file_ids[i] for i in places],
    )


def _without_crowds(protocol: Protocol) -> Protocol:
    return _where(protocol, lambda _, each: not each["iscrowd"])


def _without_annotation_0(protocol: Protocol) -> Protocol:
    """Let the object with the id 0 be found by nothing: pycocotools takes its match for none, so it is missed.

    A detection that finds it counts as wrong. An object in a corner of no size is found by nothing either.
    """
    changed = [
        cast(TruthRecord, {**each, "bbox": [0.0, 0.0, 0.0, 0.0], **_nothing(each)}) if number == 0 else each
        for number, each in zip(protocol.file_ids, protocol.annotations, strict=True)
    ]
    return replace(protocol, annotations=changed)


def _nothing(each: TruthRecord) -> dict[str, Any]:
    mask = cast(Any, each.get("segmentation"))
    return {} if mask is None else {"segmentation": _empty(mask["size"])}


def _empty(size: Sequence[int]) -> Rle:
    height, width = size
    return cast(Rle, coco_mask.encode(np.zeros((height, width), np.uint8, order="F")))


def _true_sizes(protocol: Protocol, of: str) -> Protocol:
    def size(each: TruthRecord) -> float:
        if of == "box":
            return each["bbox"][2] * each["bbox"][3]
        return float(coco_mask.area(each["segmentation"])) if "segmentation" in each else each["area"]

    changed = [cast(TruthRecord, {**each, "area": size(each)}) for each in protocol.annotations]
    return replace(protocol, annotations=changed)


def _true_outlines(protocol: Protocol) -> Protocol:
    return replace(protocol, annotations=_outlined(protocol.annotations, largest=False))


def _outlines(protocol: Protocol, largest: bool) -> Protocol:
    return replace(protocol, results=_outlined(protocol.results, largest))


def _outlined(records: Sequence[Record], largest: bool) -> list[Record]:
    """Return ``records`` with each mask drawn from its outer contours, or from the ``largest`` one; holes are lost."""
    places = [i for i, each in enumerate(records) if "segmentation" in each and not cast(Any, each).get("iscrowd")]
    masks = crop_masks([records[i]["segmentation"] for i in places])
    changed: list[Any] = list(records)
    for i, cropped in zip(places, masks, strict=True):
        size = records[i]["segmentation"]["size"]
        changed[i] = {**records[i], "segmentation": _polygons(cropped, size, largest)}
    return changed


def _polygons(cropped: CroppedMask, size: Sequence[int], largest: bool) -> Rle:
    if not cropped.mask.size:
        return _empty(size)
    contours, _ = cv2.findContours(cropped.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if largest and contours:
        contours = [max(contours, key=cv2.contourArea)]
    corner = np.array([cropped.left, cropped.top])
    points = [(contour.reshape(-1, 2) + corner).ravel().tolist() for contour in contours]
    usable = [[float(value) for value in polygon] for polygon in points if len(polygon) >= 6]
    if not usable:
        return _empty(size)
    return cast(Rle, coco_mask.merge(coco_mask.frPyObjects(usable, *size)))


def _quarter_masks(protocol: Protocol) -> Protocol:
    """Draw detected masks from a quarter of their resolution, as networks whose mask grid is four times coarser do."""
    changed = []
    for each in protocol.results:
        if "segmentation" not in each:
            changed.append(each)
            continue
        changed.append(cast(ResultRecord, {**each, "segmentation": _quarter_mask(each["segmentation"])}))
    return replace(protocol, results=changed)


def _quarter_mask(rle: Rle) -> Rle:
    """Return the mask shrunk to a quarter of its sides and enlarged again, both times to the nearest pixel."""
    mask = coco_mask.decode(rle)
    left, top, width, height = (int(side) for side in coco_mask.to_bbox(rle))
    rows, columns = (_quarter_grid(side) for side in mask.shape)
    # Pixels that come from outside the object's box are outside the object.
    y, x = _span(rows, top, height), _span(columns, left, width)
    coarse = np.zeros(mask.shape, np.uint8, order="F")
    coarse[y, x] = mask[:, columns[x]][rows[y]]
    return cast(Rle, coco_mask.encode(coarse))


def _quarter_grid(side: int) -> npt.NDArray[np.int64]:
    """Return from which pixel each of a ``side`` comes that is shrunk to a quarter and enlarged: OpenCV's nearest."""
    pixels = np.arange(side, dtype=np.float64)[None]
    small = cv2.resize(pixels, (max(1, side // 4), 1), interpolation=cv2.INTER_NEAREST)
    return cv2.resize(small, (side, 1), interpolation=cv2.INTER_NEAREST)[0].astype(np.int64)


def _span(grid: npt.NDArray[np.int64], start: int, length: int) -> slice:
    """Return the places at which the rising ``grid`` has values from ``start``, so many at most."""
    first, end = np.searchsorted(grid, (start, start + length)).tolist()
    return slice(first, end)


def _on_images(protocol: Protocol, kept: Iterable[int]) -> Protocol:
    ids = set(kept)
    images = [each for each in protocol.images if each["id"] in ids]
    results = [each for each in protocol.results if each["image_id"] in ids]
    return replace(_where(protocol, lambda _, each: each["image_id"] in ids), images=images, results=results)


def _images_with_results(protocol: Protocol) -> Protocol:
    return _on_images(protocol, {each["image_id"] for each in protocol.results})


def _images_with_objects(protocol: Protocol) -> Protocol:
    return _on_images(protocol, {each["image_id"] for each in protocol.annotations if not each["iscrowd"]})


def _categories(protocol: Protocol, others: Mapping[int, int]) -> Protocol:
    """Read each category id of the results as another one; a class that the truth lacks is dropped."""
    moved = [cast(ResultRecord, {**e, "category_id": others.get(e["category_id"], -1)}) for e in protocol.results]
    return replace(protocol, results=[each for each in moved if each["category_id"] in protocol.names])


def _shifted_categories(protocol: Protocol, by: int) -> Protocol:
    return _categories(protocol, {category: category + by for category in protocol.names})


def _counted_categories(protocol: Protocol, first: int) -> Protocol:
    return _categories(protocol, {category: first + i for i, category in enumerate(sorted(protocol.names))})


def _shifted_images(protocol: Protocol, by: int) -> Protocol:
    """Give the results of each image to the next or the one before in the order of ids."""
    ids = sorted(image["id"] for image in protocol.images)
    other = dict(zip(ids, [*ids[by:], *([0] * by)] if by > 0 else [*([0] * -by), *ids[:by]], strict=True))
    sizes: dict[int, ImageRecord] = {image["id"]: image for image in protocol.images}
    moved = []
    for each in protocol.results:
        target = sizes.get(other.get(each["image_id"], 0))
        if target is not None and _fits(each, target):
            moved.append(cast(ResultRecord, {**each, "image_id": target["id"]}))
    return replace(protocol, results=moved)


def _fits(each: ResultRecord, image: ImageRecord) -> bool:
    return "segmentation" not in each or list(each["segmentation"]["size"]) == [image["height"], image["width"]]


def _above(protocol: Protocol, score: float) -> Protocol:
    return replace(protocol, results=[each for each in protocol.results if each["score"] >= score])


def _most_confident(protocol: Protocol, most: int) -> Protocol:
    """Keep the ``most`` confident results of each image, whatever their classes."""
    grouped: dict[int, list[ResultRecord]] = defaultdict(list)
    for each in protocol.results:
        grouped[each["image_id"]].append(each)
    kept = [sorted(each, key=lambda record: -record["score"])[:most] for each in grouped.values()]
    return replace(protocol, results=[record for records in kept for record in records])


def _limits(protocol: Protocol, most: int) -> Protocol:
    return replace(protocol, limits=(1, 10, most))


def _other_area(protocol: Protocol) -> Protocol:
    return replace(protocol, area="box" if protocol.area == "mask" else "mask")


def _corners(protocol: Protocol) -> Protocol:
    """Read the boxes of results as x, y, width, height where they were written as corners."""

    def corners(box: Sequence[float]) -> list[float]:
        x, y, width, height = box
        return [x, y, x + width, y + height]

    changed = [cast(ResultRecord, {**each, "bbox": corners(each["bbox"])}) for each in protocol.results]
    return replace(protocol, results=changed)


CHANGES: dict[str, ProtocolChange] = {
    "crowds-as-objects": ProtocolChange("crowds", "crowd regions count as ordinary objects", _with_crowds),
    "crowds-removed": ProtocolChange(
        "crowds", "crowd regions are removed, so that detections in them count as wrong", _without_crowds
    ),
    "true-size-by-box": ProtocolChange(
        "size of objects", "the size of a true object is that of its box", partial(_true_sizes, of="box")
    ),
    "true-size-by-mask": ProtocolChange(
        "size of objects",
        "the size of a true object is that of its mask, not the area in the file",
        partial(_true_sizes, of="mask"),
    ),
    "true-masks-as-polygons": ProtocolChange(
        "true masks", "true masks are drawn from polygons of their outer outlines", _true_outlines
    ),
    "annotation-id-0": ProtocolChange(
        "annotation ids", "the object with the annotation id 0 counts as missed when it is found", _without_annotation_0
    ),
    "masks-as-polygons": ProtocolChange(
        "masks",
        "detected masks are drawn from polygons of their outer outlines, not from RLEs",
        partial(_outlines, largest=False),
    ),
    "masks-as-largest-polygon": ProtocolChange(
        "masks",
        "detected masks are drawn from the polygon of their largest part, not from RLEs",
        partial(_outlines, largest=True),
    ),
    "masks-at-quarter-size": ProtocolChange("masks", "detected masks have a quarter of the resolution", _quarter_masks),
    "category-ids-one-lower": ProtocolChange(
        "category ids", "the category ids of the results are one lower", partial(_shifted_categories, by=-1)
    ),
    "category-ids-one-higher": ProtocolChange(
        "category ids", "the category ids of the results are one higher", partial(_shifted_categories, by=1)
    ),
    "category-ids-from-0": ProtocolChange(
        "category ids", "the classes of the results are counted from 0", partial(_counted_categories, first=0)
    ),
    "category-ids-from-1": ProtocolChange(
        "category ids", "the classes of the results are counted from 1", partial(_counted_categories, first=1)
    ),
    "image-ids-one-on": ProtocolChange(
        "image ids", "the results of each image are scored on the next one", partial(_shifted_images, by=1)
    ),
    "image-ids-one-back": ProtocolChange(
        "image ids", "the results of each image are scored on the one before", partial(_shifted_images, by=-1)
    ),
    "boxes-as-corners": ProtocolChange("boxes", "boxes of results are written as corners, x1 y1 x2 y2", _corners),
    **{
        f"score-of-at-least-{score:g}": ProtocolChange(
            "score", f"only detections with a score of at least {score:g} are scored", partial(_above, score=score)
        )
        for score in _THRESHOLDS
    },
    **{
        f"{most}-detections-an-image": ProtocolChange(
            "number of detections",
            f"the {most} most confident detections of an image are scored, whatever their classes",
            partial(_most_confident, most=most),
        )
        for most in (100, 300)
    },
    "images-without-results": ProtocolChange(
        "images", "images without a detection are not scored", _images_with_results
    ),
    "images-without-objects": ProtocolChange("images", "images without an object are not scored", _images_with_objects),
    "300-detections-a-class": ProtocolChange(
        "limit of a class",
        "up to 300 detections of a class on an image are scored, not 100",
        partial(_limits, most=300),
    ),
    "1000-detections-a-class": ProtocolChange(
        "limit of a class",
        "up to 1000 detections of a class on an image are scored, not 100",
        partial(_limits, most=1000),
    ),
    "other-size-of-masks": ProtocolChange(
        "size of detected masks", "sizes of detected masks go by box where ours go by mask, or the reverse", _other_area
    ),
    "classes-not-told-apart": ProtocolChange(
        "classes", "classes are not told apart", lambda protocol: replace(protocol, class_agnostic=True)
    ),
    "absent-classes-as-0": ProtocolChange(
        "classes", "classes without an object count with AP 0", lambda protocol: replace(protocol, absent_as_zero=True)
    ),
}
"""All changes by name, in the order in which they are applied."""


def can_matter(change: ProtocolChange, protocol: Protocol) -> bool:
    """Return whether ``change`` can alter scores of ``protocol``: a quick look that spares most evaluations."""
    if change.topic == "crowds":
        return any(each["iscrowd"] for each in protocol.annotations)
    if change.topic == "annotation ids":
        return 0 in protocol.file_ids
    if change.topic == "limit of a class":
        counts = Counter((each["image_id"], each["category_id"]) for each in protocol.results)
        return max(counts.values(), default=0) > 100
    return True
