"""Instance prediction in tiles: each tile is predicted alone, and the parts of an object are merged across seams."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from maskwright.errors import UsageError
from maskwright.masks.cropped import crop_masks
from maskwright.masks.paste import cropped_to_rle
from maskwright.prediction.sliding_window import spans
from maskwright.prediction.sources import Image
from maskwright.prediction.test_time_augmentation import Views
from maskwright.structures import ClassTable, Instances

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
    """An object as one tile shows it: its mask ``(h, w)`` at ``(top, left)`` of the whole image.

    ``tile`` is the rectangle of the tile, ``cut`` whether the mask reaches an edge of it inside the image.
    """

    label: int
    score: float
    box: npt.NDArray[np.float32]
    top: int
    left: int
    mask: npt.NDArray[np.bool_]
    tile: Rectangle
    cut: bool

    def inside(self, top: int, left: int, bottom: int, right: int) -> npt.NDArray[np.bool_]:
        """Return the mask in a rectangle of the image, ``(bottom - top, right - left)``."""
        found = np.zeros((bottom - top, right - left), np.bool_)
        first, start = max(self.top, top), max(self.left, left)
        last, end = min(self.top + self.mask.shape[0], bottom), min(self.left + self.mask.shape[1], right)
        if last > first and end > start:
            own = self.mask[first - self.top : last - self.top, start - self.left : end - self.left]
            found[first - top : last - top, start - left : end - left] = own
        return found


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
    for number, mask in enumerate(crop_masks(found.masks)):
        rows, columns = mask.mask.shape
        first, start = mask.top + top, mask.left + left
        cut = bool(rows) and (
            (first == top > 0)
            or (start == left > 0)
            or (first + rows == bottom < size[0])
            or (start + columns == right < size[1])
        )
        label, score = int(found.labels[number]), float(found.scores[number])
        yield _Part(label, score, found.boxes[number] + offset, first, start, mask.mask, tile, cut)


def _merged(parts: Sequence[_Part], size: tuple[int, int], classes: ClassTable | None) -> Instances:
    roots = list(range(len(parts)))

    def root(number: int) -> int:
        while roots[number] != number:
            roots[number] = roots[roots[number]]
            number = roots[number]
        return number

    for i, j in _neighbours(parts):
        if root(i) != root(j) and _same(parts[i], parts[j]):
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
        [cropped_to_rle(*_union(group), size) for group in objects],
        scores=np.asarray([max(part.score for part in group) for group in objects], np.float32),
        classes=classes,
    )


def _neighbours(parts: Sequence[_Part]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of parts of one class, from different tiles, whose boxes of pixels overlap."""
    if not parts:
        return
    corners = np.asarray([(p.top, p.left, p.top + p.mask.shape[0], p.left + p.mask.shape[1]) for p in parts])
    labels, tiles = np.asarray([p.label for p in parts]), np.asarray([p.tile for p in parts])
    for i in range(len(parts) - 1):
        rest = corners[i + 1 :]
        near = (labels[i + 1 :] == labels[i]) & (tiles[i + 1 :] != tiles[i]).any(axis=1)
        near &= (rest[:, :2] < corners[i, 2:]).all(axis=1) & (rest[:, 2:] > corners[i, :2]).all(axis=1)
        yield from ((i, i + 1 + int(j)) for j in np.flatnonzero(near))


def _same(one: _Part, other: _Part) -> bool:
    """Return whether two parts agree in what both of their tiles show."""
    shared = (
        *(max(one.tile[side], other.tile[side]) for side in (0, 1)),
        *(min(one.tile[side], other.tile[side]) for side in (2, 3)),
    )
    mine, others = one.inside(*shared), other.inside(*shared)
    areas = int(mine.sum()), int(others.sum())
    both = int((mine & others).sum())
    if not both:
        return False
    if both >= _SAME_IOU * (sum(areas) - both):
        return True
    return any(part.cut and both >= _SAME_SHARE * area for part, area in zip((one, other), areas, strict=True))


def _box(group: Sequence[_Part]) -> npt.NDArray[np.float32]:
    boxes = np.stack([part.box for part in group])
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def _union(group: Sequence[_Part]) -> tuple[npt.NDArray[np.bool_], int, int]:
    """Return the pixels of all parts ``(h, w)``, and the row and column of their corner."""
    some = [part for part in group if part.mask.size] or list(group[:1])
    top, left = min(part.top for part in some), min(part.left for part in some)
    bottom = max(part.top + part.mask.shape[0] for part in some)
    right = max(part.left + part.mask.shape[1] for part in some)
    whole = np.zeros((bottom - top, right - left), np.bool_)
    for part in some:
        whole |= part.inside(top, left, bottom, right)
    return whole, top, left
