"""Bounds, areas and outline lengths of annotations, measured in batches with as little rasterising as possible.

Valid polygons and RLEs are measured from their coordinates and run lengths. All others go through
:func:`maskwright.masks.rle.rasterise`, so that an annotation is usable here if, and only if, it can be drawn.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
import numpy.typing as npt
from hotcoco import mask as coco_mask

from maskwright.annotations.coco.file import CocoAnnotation, CocoFile
from maskwright.annotations.faults import Fault
from maskwright.masks.outlines import Outlines, measure_outlines
from maskwright.masks.rle import LONGEST_TEXT, BadSegmentation, rasterise
from maskwright.masks.run_lengths import measure_run_lengths

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Enough for vectorised NumPy to be fast, few enough to keep memory flat.
_ANNOTATIONS_AT_ONCE, _BYTES_AT_ONCE = 2048, 8 << 20


class _Rle(msgspec.Struct):
    size: list[int]
    counts: str | list[int]


_polygons = msgspec.json.Decoder(list[list[float]])
_rle = msgspec.json.Decoder(_Rle)


@dataclass
class AnnotationBatch:
    """Some annotations in file order, with the measures of what they draw.

    ``sizes`` ``(N, 2)`` int64 are the heights and widths of their images. ``bounds`` ``(N, 4)`` float64 xyxy are those
    of the coordinates or of the pixels. ``areas`` ``(N,)`` are in square pixels, ``lengths`` ``(N,)`` those of the
    outlines in pixels (about, for an RLE). All three are NaN for an annotation that draws nothing. ``faults`` are pairs
    of position and fault, for annotations that cannot be drawn, or not as a whole. ``polygons`` holds the valid
    polygons by position. ``outlines`` holds the measures of all of these, and ``owners`` the position of the annotation
    that each belongs to.
    """

    annotations: Sequence[CocoAnnotation]
    sizes: Integers
    bounds: Floats
    areas: Floats
    lengths: Floats
    faults: list[tuple[int, Fault]] = field(default_factory=list)
    polygons: dict[int, list[list[float]]] = field(default_factory=dict)
    outlines: Outlines = field(default_factory=lambda: measure_outlines([]))
    owners: Integers = field(default_factory=lambda: np.zeros(0, np.int64))

    def fault(self, code: str, position: int, found: str) -> Fault:
        """Return a fault of the annotation at ``position``; its message names the image."""
        annotation = self.annotations[position]
        return Fault(code, "annotation", annotation.id, f"(image {annotation.image_id}) {found}")


def annotation_batches(coco: CocoFile) -> Iterator[AnnotationBatch]:
    """Yield the annotations of ``coco`` in measured batches."""
    sizes = {image.id: (image.height, image.width) for image in coco.images}
    start = held = 0
    for position, annotation in enumerate(coco.annotations):
        held += len(memoryview(annotation.segmentation))
        if position - start == _ANNOTATIONS_AT_ONCE or held > _BYTES_AT_ONCE:
            yield measure_annotations(coco.annotations[start : position + 1], sizes)
            start, held = position + 1, 0
    if start < len(coco.annotations):
        yield measure_annotations(coco.annotations[start:], sizes)


def measure_annotations(
    annotations: Sequence[CocoAnnotation], image_sizes: Mapping[int, tuple[int, int]]
) -> AnnotationBatch:
    """Return ``annotations`` as a measured batch; ``image_sizes`` are ``(height, width)`` by image id."""
    count = len(annotations)
    sizes = np.array([image_sizes[annotation.image_id] for annotation in annotations], np.int64).reshape(-1, 2)
    batch = AnnotationBatch(
        annotations, sizes, np.full((count, 4), np.nan), np.full(count, np.nan), np.full(count, np.nan)
    )
    rles: dict[int, bytes | list[int]] = {}
    unusual = []
    for position, annotation in enumerate(annotations):
        polygons = _sound_polygons(annotation.segmentation)
        if polygons is not None:
            batch.polygons[position] = polygons
            continue
        counts = _plausible_counts(annotation.segmentation, sizes[position])
        if counts is None:
            unusual.append(position)
        else:
            rles[position] = counts
    unusual += _measure_rles(batch, rles)
    unusual += _measure_polygons(batch)
    for position in sorted(unusual):
        _draw(batch, position)
    return batch


def _sound_polygons(content: msgspec.Raw) -> list[list[float]] | None:
    if len(memoryview(content)) > LONGEST_TEXT:
        return None
    try:
        polygons = _polygons.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    for points in polygons:
        if len(points) < 6 or len(points) & 1:
            return None
    return polygons or None


def _plausible_counts(content: msgspec.Raw, size: Integers) -> bytes | list[int] | None:
    """Return the counts of an RLE for an image of ``size``, or None when they cannot be measured without drawing."""
    if len(memoryview(content)) > LONGEST_TEXT:
        return None
    try:
        rle = _rle.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if rle.size != size.tolist():
        return None
    if isinstance(rle.counts, str):
        return rle.counts.encode() if rle.counts.isascii() and rle.counts else None
    return rle.counts if rle.counts and max(rle.counts) < 2**32 and min(rle.counts) >= 0 else None


def _measure_rles(batch: AnnotationBatch, rles: Mapping[int, bytes | list[int]]) -> list[int]:
    """Enter the measures of the RLEs; return the positions of those that are invalid or empty."""
    positions = np.array(list(rles), np.int64)
    runs = measure_run_lengths(list(rles.values()), *batch.sizes[positions].T)
    drawn = runs.sound & (runs.areas > 0)
    there = positions[drawn]
    batch.bounds[there] = runs.bounds[drawn]
    batch.areas[there] = runs.areas[drawn]
    # The perimeter of the bounding box is at least that of a mask in one piece without concavities.
    batch.lengths[there] = 2 * (runs.bounds[drawn, 2:] - runs.bounds[drawn, :2]).sum(axis=1)
    return positions[~drawn].tolist()


def _measure_polygons(batch: AnnotationBatch) -> list[int]:
    """Enter the measures of the polygons; return the positions of those that are too long to walk."""
    if not batch.polygons:
        return []
    positions = np.array(list(batch.polygons), np.int64)
    parts = np.array([len(polygons) for polygons in batch.polygons.values()], np.int64)
    batch.owners = np.repeat(positions, parts)
    batch.outlines = outlines = measure_outlines([each for polygons in batch.polygons.values() for each in polygons])
    starts = np.concatenate(([0], np.cumsum(parts)[:-1]))
    batch.bounds[positions, :2] = np.minimum.reduceat(outlines.bounds[:, :2], starts)
    batch.bounds[positions, 2:] = np.maximum.reduceat(outlines.bounds[:, 2:], starts)
    batch.areas[positions] = np.add.reduceat(outlines.areas, starts)
    batch.lengths[positions] = np.add.reduceat(outlines.lengths, starts)
    # Longer outlines may be made to keep a program busy; rasterising decides.
    far = ~(batch.lengths[positions] < 1_000_000)
    return positions[far].tolist()


def _draw(batch: AnnotationBatch, position: int) -> None:
    """Enter the measures of an annotation by rasterising it."""
    height, width = batch.sizes[position].tolist()
    try:
        drawn = rasterise(batch.annotations[position].segmentation, height, width)
    except BadSegmentation as bad:
        batch.bounds[position] = batch.areas[position] = batch.lengths[position] = np.nan
        batch.faults.append((position, batch.fault(bad.code, position, str(bad))))
        return
    x, y, box_width, box_height = coco_mask.to_bbox(drawn.rle).tolist()
    batch.bounds[position] = (x, y, x + box_width, y + box_height) if drawn.area else np.nan
    batch.areas[position], batch.lengths[position] = drawn.area, 2 * (box_width + box_height)
    if drawn.dropped_parts:
        found = f"has {drawn.dropped_parts} of its polygons that cannot be drawn; the rest is used"
        batch.faults.append((position, batch.fault("dropped_parts", position, found)))
