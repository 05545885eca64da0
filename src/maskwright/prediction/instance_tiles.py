"""Instance prediction in tiles: each tile is predicted alone, and the parts of an object are merged across seams."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from hotcoco import mask as coco_mask

from maskwright.errors import UsageError
from maskwright.masks.cropped import each_cropped
from maskwright.masks.paste import cropped_to_rle
from maskwright.prediction.sliding_window import spans
from maskwright.prediction.sources import Image
from maskwright.prediction.test_time_augmentation import Views
from maskwright.structures import ClassTable, Instances, Rle

# The overlap, in what two tiles share, from which two objects are one.
_SAME_IOU = 0.5
# An object that its tile cuts off may be a part of the other one: the share of it that the other one covers.
_SAME_SHARE = 0.75

Rectangle = tuple[int, int, int, int]


def require_tiles_alone(views: Views, names: str) -> None:
    """Raise ``UsageError`` when ``views`` ask an instance model for more than tiles that overlap.

    ``names`` are what the user calls the mirror image and the scales.
    """
    if views.flip or views.scales != (1.0,):
        raise UsageError(f"An instance model; {names} average the probabilities of semantic models. Omit them.")
    if views.window is not None and not views.overlap:
        raise UsageError("An instance model; tiles without overlap cut objects apart. Give an overlap above 0.")


@dataclass(frozen=True)
class _Part:
    """An object as one tile shows it: its ``mask`` on the whole image, and the ``extent`` of its pixels.

    ``tile`` is the rectangle of the tile, ``cut`` whether the mask reaches an edge of it inside the image. As an RLE a
    mask takes a hundredth of the memory: those of all tiles of a large image are held until the last one is predicted.
    """

    label: int
    score: float
    box: npt.NDArray[np.float32]
    mask: Rle
    extent: Rectangle
    tile: Rectangle
    cut: bool


def predict_tiles(
    predict: Callable[[Iterable[Image]], Iterable[Instances]], image: Image, window: int, overlap: float
) -> Instances:
    """Return the objects of ``image`` ``(H, W, 3)`` that ``predict`` finds in its tiles, best score first.

    Tiles are squares of ``window`` pixels, of which neighbours share at least the part ``overlap``, above 0; those of
    an image no larger than a window are the image itself. ``predict`` gets them from the top, row by row. Two objects
    of one class are one when their masks agree in what both tiles show, by an IoU of 0.5, or where one is cut off by
    its tile, when three quarters of it lie in the other. It has the pixels and the box of both, and the higher score.
    """
    height, width = image.shape[:2]
    tiles = list(product(spans(height, window, overlap), spans(width, window, overlap)))
    found = predict(image[row, column] for row, column in tiles)
    if len(tiles) == 1:
        (whole,) = found
        return whole
    parts: list[_Part] = []
    classes: ClassTable | None = None
    for (row, column), one in zip(tiles, found, strict=True):
        parts += _parts(one, (row.start, column.start, row.stop, column.stop), (height, width))
        classes = one.classes
    return _merged(parts, (height, width), classes)


def _parts(found: Instances, tile: Rectangle, size: tuple[int, int]) -> Iterator[_Part]:
    top, left, bottom, right = tile
    offset = np.asarray([left, top, left, top], np.float32)
    for number, mask in enumerate(each_cropped(found.masks)):
        first, start = mask.top + top, mask.left + left
        last, end = first + mask.mask.shape[0], start + mask.mask.shape[1]
        cut = bool(mask.mask.size) and (
            (first == top > 0) or (start == left > 0) or (last == bottom < size[0]) or (end == right < size[1])
        )
        label, score = int(found.labels[number]), float(found.scores[number])
        whole = cropped_to_rle(mask.mask, first, start, size)
        yield _Part(label, score, found.boxes[number] + offset, whole, (first, start, last, end), tile, cut)


def _merged(parts: Sequence[_Part], size: tuple[int, int], classes: ClassTable | None) -> Instances:
    roots = list(range(len(parts)))

    def root(number: int) -> int:
        while roots[number] != number:
            roots[number] = roots[roots[number]]
            number = roots[number]
        return number

    shared_areas = _SharedAreas(size)
    for i, j in _neighbours(parts):
        if root(i) != root(j) and _same(parts[i], parts[j], shared_areas):
            roots[root(j)] = root(i)
    groups: dict[int, list[_Part]] = {}
    for number, part in enumerate(parts):
        groups.setdefault(root(number), []).append(part)
    objects = sorted(groups.values(), key=lambda group: -max(part.score for part in group))
    if not objects:
        return Instances.empty(size, classes)
    return Instances(
        size,
        np.stack([_box(group) for group in objects]),
        np.asarray([group[0].label for group in objects], np.int64),
        [_union([part.mask for part in group]) for group in objects],
        scores=np.asarray([max(part.score for part in group) for group in objects], np.float32),
        classes=classes,
    )


def _neighbours(parts: Sequence[_Part]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of parts of one class, from different tiles, whose boxes of pixels overlap."""
    if not parts:
        return
    extents = np.asarray([p.extent for p in parts])
    labels, tiles = np.asarray([p.label for p in parts]), np.asarray([p.tile for p in parts])
    # Tiles come from the top: those behind the first that begins below this one do not touch it.
    ends = np.searchsorted(tiles[:, 0], tiles[:, 2])
    for i in range(len(parts) - 1):
        rest = slice(i + 1, ends[i])
        near = (labels[rest] == labels[i]) & (tiles[rest] != tiles[i]).any(axis=1)
        near &= (extents[rest, :2] < extents[i, 2:]).all(axis=1) & (extents[rest, 2:] > extents[i, :2]).all(axis=1)
        yield from ((i, i + 1 + int(j)) for j in np.flatnonzero(near))


class _SharedAreas:
    """The pixels of parts in tiles of an image of ``size`` ``(H, W)``, each counted once for all pairs of two tiles."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._tiles: dict[Rectangle, Rle] = {}
        self._areas: dict[tuple[int, Rectangle], int] = {}

    def of(self, part: _Part, tile: Rectangle) -> int:
        """Return the number of pixels of ``part`` that ``tile`` shows."""
        key = id(part), tile
        if key not in self._areas:
            if tile not in self._tiles:
                top, left, bottom, right = tile
                full = np.ones((bottom - top, right - left), np.bool_)
                self._tiles[tile] = cropped_to_rle(full, top, left, self._size)
            self._areas[key] = _shared_area(part.mask, self._tiles[tile])
        return self._areas[key]


def _same(one: _Part, other: _Part, shared_areas: _SharedAreas) -> bool:
    """Return whether two parts agree in what both of their tiles show."""
    both = _shared_area(one.mask, other.mask)
    if not both:
        return False
    areas = shared_areas.of(one, other.tile), shared_areas.of(other, one.tile)
    if both >= _SAME_IOU * (sum(areas) - both):
        return True
    return any(part.cut and both >= _SAME_SHARE * area for part, area in zip((one, other), areas, strict=True))


def _shared_area(one: Rle, other: Rle) -> int:
    return int(coco_mask.area(coco_mask.merge([one, other], intersect=True)))


def _box(group: Sequence[_Part]) -> npt.NDArray[np.float32]:
    boxes = np.stack([part.box for part in group])
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def _union(masks: Sequence[Rle]) -> Rle:
    """Return the pixels of all ``masks``: merged two by two, so that time grows as n log n with their number."""
    while len(masks) > 1:
        masks = [coco_mask.merge(list(masks[first : first + 2])) for first in range(0, len(masks), 2)]
    return masks[0]
