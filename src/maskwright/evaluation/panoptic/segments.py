"""The segments of one image as they are scored: checked against their pixels, with the classes of the truth."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from hotcoco import mask as coco_mask

from maskwright.errors import DataError
from maskwright.evaluation.panoptic.classes import NOT_SCORED, PanopticClasses
from maskwright.evaluation.panoptic.findings import PanopticFindings
from maskwright.masks.panoptic_png import VOID
from maskwright.masks.rle import RasterisedMask, compress
from maskwright.masks.segment_runs import segment_masks
from maskwright.structures import PanopticMap, PanopticSegment, Rle

# The class of true pixels whose id is no segment's: no class that is scored, and not void either.
UNLISTED = 0
# Far more than any image has; the evaluator counts in 64 bits.
_LARGEST_AREA = 2**40


class ScoredSegment(NamedTuple):
    """One segment: the index of its class, its mask, and its area, which in the truth may be larger than the mask."""

    label: int
    rle: Rle
    area: int
    crowd: bool = False


def true_segments(
    found: PanopticMap, classes: PanopticClasses, source: str, findings: PanopticFindings
) -> list[ScoredSegment]:
    """Return the true segments of an image. ``source`` names its file in ``findings``.

    Pixels whose id is no segment's are segments of the class ``UNLISTED``.
    """
    masks = _masks(found, source, findings)
    if masks is None:
        return []
    listed = _by_id(found, source, findings)
    scored = []
    for number in sorted(masks.keys() - listed.keys() - {VOID}):
        findings.add("true_id_not_in_json", f"{source}: segment {number}")
        scored.append(ScoredSegment(UNLISTED, masks[number].rle, masks[number].area))
    for number, segment in listed.items():
        index = classes.truth.get(segment.label)
        if index is None:
            findings.add("unknown_class", f"{source}: segment {number} has category_id {segment.label}")
            continue
        if number not in masks:
            findings.add("true_id_not_in_png", f"{source}: segment {number}")
        if index != NOT_SCORED:
            mask = masks.get(number) or _nothing(found)
            scored.append(ScoredSegment(index, mask.rle, _area(segment, mask.area, source, findings), segment.crowd))
    _note_crowds(scored, classes, source, findings)
    return _joined(scored, classes.joined)


def predicted_segments(
    found: PanopticMap, classes: PanopticClasses, source: str, findings: PanopticFindings
) -> list[ScoredSegment]:
    """Return the predicted segments of an image. ``source`` names its file in ``findings``.

    Segments of classes that are not scored are left out, and so become void.
    """
    masks = _masks(found, source, findings)
    if masks is None:
        return []
    listed = _by_id(found, source, findings)
    for number in sorted(masks.keys() - listed.keys() - {VOID}):
        findings.add("id_not_in_json", f"{source}: the segment {number} of {masks[number].area} pixels")
    scored = []
    for number, segment in listed.items():
        index = classes.predictions.get(segment.label)
        if segment.crowd:
            findings.add("predicted_crowd", f"{source}: segment {number}")
        if number not in masks:
            findings.add("id_not_in_png", f"{source}: segment {number} of category_id {segment.label}")
        elif index is None:
            findings.add("unknown_class", f"{source}: segment {number} has category_id {segment.label}")
        elif index == NOT_SCORED:
            findings.add("class_not_scored", f"{source}: segment {number}")
        else:
            scored.append(ScoredSegment(index, masks[number].rle, masks[number].area))
    return _joined(scored, classes.joined)


def _masks(found: PanopticMap, source: str, findings: PanopticFindings) -> dict[int, RasterisedMask] | None:
    try:
        return segment_masks(found.ids)
    except DataError as error:
        findings.add("beyond_limit", f"{source}: {error}")
        return None


def _by_id(found: PanopticMap, source: str, findings: PanopticFindings) -> Mapping[int, PanopticSegment]:
    """Return the segments by id, each id once."""
    listed: dict[int, PanopticSegment] = {}
    for segment in found.segments:
        if segment.id == VOID:
            findings.add("void_segment", f"{source}: a segment has the id {VOID}")
        elif segment.id in listed:
            findings.add("repeated_segment", f"{source}: two segments have the id {segment.id}")
        else:
            listed[segment.id] = segment
    return listed


def _area(segment: PanopticSegment, pixels: int, source: str, findings: PanopticFindings) -> int:
    """Return the area that counts: the stated one, as in panopticapi, but no less than the pixels.

    Fewer would give an IoU above 1.
    """
    if segment.area is None or segment.area == pixels:
        return pixels
    findings.add("stated_area", f"{source}: segment {segment.id} states {segment.area} and has {pixels} pixels")
    return min(max(segment.area, pixels), _LARGEST_AREA)


def _nothing(found: PanopticMap) -> RasterisedMask:
    height, width = found.ids.shape
    return RasterisedMask(compress(np.array([height * width]), height, width), 0)


def _note_crowds(
    scored: list[ScoredSegment], classes: PanopticClasses, source: str, findings: PanopticFindings
) -> None:
    crowds = [segment.label for segment in scored if segment.crowd]
    for index in sorted({index for index in crowds if crowds.count(index) > 1}):
        findings.add("several_crowds", f"{source}: {crowds.count(index)} of '{classes.names[index - 1]}'")


def _joined(scored: list[ScoredSegment], joined: frozenset[int]) -> list[ScoredSegment]:
    """Return the segments with those of each of the classes ``joined`` as one, at the place of the first."""
    if not joined:
        return scored
    together: dict[tuple[int, bool, int | None], list[ScoredSegment]] = {}
    for position, each in enumerate(scored):
        alone = None if each.label in joined else position
        together.setdefault((each.label, each.crowd, alone), []).append(each)
    return [
        parts[0]
        if len(parts) == 1
        else ScoredSegment(index, coco_mask.merge([part.rle for part in parts]), sum(p.area for p in parts), crowd)
        for (index, crowd, _), parts in together.items()
    ]
