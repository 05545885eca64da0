"""Pixels of an image that objects cover, once or several times: exact counts from RLEs, without dense masks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from hotcoco import mask as coco_mask

from maskwright.masks.run_depth import Runs, foreground_runs, pixels_at_depth, shared_by_pair, united_runs
from maskwright.structures import Rle

# Of fewer objects, merging the masks one by one takes less time than sorting their runs.
_FEW = 40


@dataclass(frozen=True)
class Coverage:
    """Pixel counts of one image. In each count a pixel counts once, however many objects cover it.

    ``classes[a]`` pixels are covered by at least one object of class ``a``. ``shared[a, b]`` with ``a < b`` pixels are
    covered by an object of each of the two classes, ``shared[a, a]`` by at least two objects of class ``a``; pairs
    without a common pixel are absent. ``objects`` pixels are covered by at least one object, ``contested`` by at least
    two, ``crowd_only`` by a crowd region and no object.
    """

    classes: dict[int, int] = field(default_factory=dict)
    shared: dict[tuple[int, int], int] = field(default_factory=dict)
    objects: int = 0
    contested: int = 0
    crowd_only: int = 0


def coverage(rles: Sequence[Rle], labels: Sequence[int], crowd: Sequence[bool]) -> Coverage:
    """Return the coverage of N objects of one image from their RLEs, class labels and crowd flags.

    Crowd regions are not objects: they count in ``crowd_only`` only.

    Raises ``DataError`` when the masks of many objects overlap beyond the limit ``overlapping-runs``.
    """
    return (_by_merging if len(rles) <= _FEW else _by_sorting)(rles, labels, crowd)


def _by_merging(rles: Sequence[Rle], labels: Sequence[int], crowd: Sequence[bool]) -> Coverage:
    by_class: dict[int, list[Rle]] = {}
    for rle, label, is_crowd in zip(rles, labels, crowd, strict=True):
        if not is_crowd:
            by_class.setdefault(label, []).append(rle)
    layers = {label: _once_and_twice(by_class[label]) for label in sorted(by_class)}
    crowds = [rle for rle, is_crowd in zip(rles, crowd, strict=True) if is_crowd]
    covered, contested = _together(layers)
    return Coverage(
        classes={label: _area(once) for label, (once, _) in layers.items()},
        shared=_shared(layers),
        objects=_area(covered),
        contested=_area(contested),
        crowd_only=_beyond(crowds, covered),
    )


def _by_sorting(rles: Sequence[Rle], labels: Sequence[int], crowd: Sequence[bool]) -> Coverage:
    by_class: dict[int, list[Rle]] = {}
    for rle, label, is_crowd in zip(rles, labels, crowd, strict=True):
        if not is_crowd:
            by_class.setdefault(label, []).append(rle)
    runs = {label: foreground_runs(by_class[label]) for label in sorted(by_class)}
    depths = {label: pixels_at_depth(of_class) for label, of_class in runs.items()}
    united: dict[int, Runs] = {label: united_runs(of_class) for label, of_class in runs.items()}
    crowds = foreground_runs([rle for rle, is_crowd in zip(rles, crowd, strict=True) if is_crowd])
    objects = foreground_runs([rle for of_class in by_class.values() for rle in of_class])
    covered, contested = pixels_at_depth(objects)
    twice = {(label, label): pixels for label, (_, pixels) in depths.items() if pixels}
    return Coverage(
        classes={label: once for label, (once, _) in depths.items()},
        shared=twice | shared_by_pair(united),
        objects=covered,
        contested=contested,
        crowd_only=pixels_at_depth(np.concatenate([objects, crowds]))[0] - covered,
    )


# Pixels under at least one and under at least two of some masks; None where there are none.
_Layers = tuple[Rle, Rle | None]


def _once_and_twice(rles: Sequence[Rle]) -> _Layers:
    once, twice = rles[0], None
    for rle in rles[1:]:
        twice = _union(twice, _both(once, rle))
        once = coco_mask.merge([once, rle])
    return once, twice


def _together(layers: dict[int, _Layers]) -> tuple[Rle | None, Rle | None]:
    """Return the pixels covered by at least one and by at least two objects of any class."""
    if not layers:
        return None, None
    once, twice = _once_and_twice([class_once for class_once, _ in layers.values()])
    for _, class_twice in layers.values():
        twice = _union(twice, class_twice)
    return once, twice


def _shared(layers: dict[int, _Layers]) -> dict[tuple[int, int], int]:
    pairs = {(label, label): _area(twice) for label, (_, twice) in layers.items()}
    pairs |= {(a, b): _area(_both(layers[a][0], layers[b][0])) for a, b in combinations(layers, 2)}
    return {pair: pixels for pair, pixels in pairs.items() if pixels}


def _beyond(rles: Sequence[Rle], covered: Rle | None) -> int:
    """Return the number of pixels that ``rles`` cover and ``covered`` does not."""
    if not rles:
        return 0
    everything = [*rles, covered] if covered is not None else [*rles]
    return _area(coco_mask.merge(everything)) - _area(covered)


def _both(a: Rle, b: Rle) -> Rle:
    return coco_mask.merge([a, b], intersect=True)


def _union(a: Rle | None, b: Rle | None) -> Rle | None:
    if a is None or b is None:
        return a if b is None else b
    return coco_mask.merge([a, b])


def _area(rle: Rle | None) -> int:
    return 0 if rle is None else int(coco_mask.area(rle))
