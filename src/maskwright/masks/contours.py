"""RLE as polygons with holes and back, exact to the pixel under COCO's rasterisation rule.

Coordinates are those of pixel edges: the pixel in column ``x`` and row ``y`` is the square from ``(x, y)`` to ``(x + 1,
y + 1)``. COCO's rule (``rleFrPoly`` in maskApi.c) draws an outline five times finer. A pixel column changes where the
outline crosses the column's centre, at the row of the first pixel below the crossing. An outline of whole coordinates
and axis-parallel edges crosses centres on its horizontal edges only, exactly at their ``y``, also at the image border.
Such an outline draws exactly the pixels that it encloses. ``cv2.findContours`` goes through pixel centres and does not.

Pixels that touch at a corner only are not connected (4-connectivity). Every ring is then simple, components and holes
meet in points at most, and other tools (the OGC rules, shapely) accept the polygons as valid.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwright.masks.rle import LONGEST_OUTLINE, BadSegmentation, compress, run_lengths
from maskwright.structures import Rle

Ring = npt.NDArray[np.int64]
_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PolygonWithHoles:
    """One connected component of a mask: rings ``(N, 2)`` int64 of x, y at its corners, without a repeated last point.

    ``outer`` runs clockwise on the screen (y downwards), ``holes`` counter-clockwise.
    """

    outer: Ring
    holes: tuple[Ring, ...] = ()

    @property
    def rings(self) -> tuple[Ring, ...]:
        """The outer ring and the holes."""
        return (self.outer, *self.holes)


def polygons_with_holes(rle: Rle) -> list[PolygonWithHoles]:
    """Return the 4-connected components of a mask as polygons, from the top down; an empty list for an empty mask.

    The function works on the run lengths, not on pixels: time grows with the length of the outlines.

    Raises :class:`BadSegmentation` for outlines of more pixels than COCO's rule can draw.
    """
    height, width = rle["size"]
    tops, bottoms, columns = _intervals(run_lengths(rle), height)
    toggles = _interleave(columns * (height + 1) + tops, columns * (height + 1) + bottoms)
    edges = _linked_edges(toggles, height, width)
    rings = _rings(edges)
    above = _ring_above(rings, edges, toggles, height, width)
    parts: dict[int, list[Ring]] = {}
    owner: dict[int, int] = {}
    # By their uppermost edge, so that the ring above a hole already has its owner.
    for index in sorted(range(len(rings)), key=lambda i: min(rings[i])):
        owner[index] = owner[above[index]] if index in above else index
        parts.setdefault(owner[index], []).append(edges.points(rings[index]))
    return [PolygonWithHoles(outer, tuple(holes)) for outer, *holes in parts.values()]


def polygons_to_rle(polygons: Iterable[PolygonWithHoles], height: int, width: int) -> Rle:
    """Return the mask of ``polygons`` on an image of ``height`` × ``width``: pixels inside an odd number of rings.

    Raises ``ValueError`` for a ring with an edge that is not axis-parallel, or a point outside the image.
    """
    rings = [ring for polygon in polygons for ring in polygon.rings]
    if not rings:
        return compress(np.array([height * width]), height, width)
    y, left, right = (np.concatenate(parts) for parts in zip(*map(horizontal_edges, rings), strict=True))
    if left.min() < 0 or right.max() > width or y.min() < 0 or y.max() > height:
        raise ValueError(f"A polygon leaves the image of {width}×{height} pixels (width×height).")
    columns, edge = spread(left, right)
    places, times = np.unique(columns * height + y[edge], return_counts=True)
    # What is crossed twice is not crossed; the last place of a column is the first of the next.
    ends = np.concatenate(([0], places[times % 2 == 1], [height * width]))
    lengths = np.diff(ends)
    return compress(lengths[:-1] if len(lengths) > 1 and lengths[-1] == 0 else lengths, height, width)


def horizontal_edges(ring: Ring) -> tuple[_Ints, _Ints, _Ints]:
    """Return ``y``, left ``x`` and right ``x`` of the horizontal edges of a ``ring`` with axis-parallel edges.

    Raises ``ValueError`` when an edge is neither horizontal nor vertical.
    """
    following = np.roll(ring, -1, axis=0)
    horizontal = ring[:, 1] == following[:, 1]
    if not (horizontal | (ring[:, 0] == following[:, 0])).all():
        raise ValueError("A ring has an edge that is neither horizontal nor vertical.")
    start, end = ring[horizontal], following[horizontal, 0]
    return start[:, 1], np.minimum(start[:, 0], end), np.maximum(start[:, 0], end)


def spread(left: _Ints, right: _Ints) -> tuple[_Ints, _Ints]:
    """Return every pixel column that edges from ``left`` to ``right`` cross, and the position of its edge."""
    lengths = right - left
    edge = np.repeat(np.arange(len(left)), lengths)
    return np.arange(len(edge)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + left[edge], edge


def _intervals(lengths: _Ints, height: int) -> tuple[_Ints, _Ints, _Ints]:
    """Return first row, row after the last, and column of every vertical run of foreground, in column order."""
    ends = np.cumsum(lengths)
    pairs = ends[: len(ends) // 2 * 2].reshape(-1, 2)
    starts, stops = pairs[pairs[:, 0] < pairs[:, 1]].T
    joined = np.flatnonzero(starts[1:] == stops[:-1])
    starts, stops = np.delete(starts, joined + 1), np.delete(stops, joined)
    # RLE runs on from the foot of a column to the head of the next: cut it there.
    first, last = starts // height, (stops - 1) // height
    if 2 * int((last + 1 - first).sum()) > LONGEST_OUTLINE:  # each has an edge above and one below
        raise BadSegmentation("polygon_bomb", f"has outlines of over {LONGEST_OUTLINE:,} pixels")
    columns, run = spread(first, last + 1)
    tops = np.where(columns == first[run], starts[run] % height, 0)
    bottoms = np.where(columns == last[run], (stops[run] - 1) % height + 1, height)
    return tops, bottoms, columns


@dataclass(frozen=True)
class _Edges:
    """The maximal horizontal edges of a mask's outline, by ``y``, then ``x``.

    ``top`` is true where foreground lies below: the edge then runs to the right, else to the left. ``following`` is the
    position of the next edge along the ring. ``pinched`` is whether the outline touches itself anywhere.
    """

    y: _Ints
    left: _Ints
    right: _Ints
    top: npt.NDArray[np.bool_]
    following: _Ints
    pinched: bool

    def tails(self) -> list[tuple[int, int]]:
        """Return the first point of every edge."""
        return list(zip(np.where(self.top, self.left, self.right).tolist(), self.y.tolist(), strict=True))

    def heads(self) -> list[tuple[int, int]]:
        """Return the last point of every edge."""
        return list(zip(np.where(self.top, self.right, self.left).tolist(), self.y.tolist(), strict=True))

    def points(self, ring: Sequence[int]) -> Ring:
        """Return the corners of a ring of edges."""
        chosen = np.array(ring)
        left, right, top = self.left[chosen], self.right[chosen], self.top[chosen]
        x = _interleave(np.where(top, left, right), np.where(top, right, left))
        return np.stack([x, np.repeat(self.y[chosen], 2)], axis=1)


def _linked_edges(toggles: _Ints, height: int, width: int) -> _Edges:
    """Return the edges from the ``toggles``, the sorted places where a pixel column changes.

    The place of a change in column ``x`` at row ``y`` is ``x * (height + 1) + y``.

    A corner of the outline is a point where one neighbouring column changes and the other does not, or where both
    change in opposite directions (a pinch: two corners at one point). Along a line, edges join corners two by two.
    """
    sign = np.resize([True, False], len(toggles))
    # At a pinch the corner of the column on the left stands first, in both orders below.
    places, signs = np.concatenate([toggles + height + 1, toggles]), np.concatenate([sign, sign])
    order = np.argsort(places, kind="stable")
    places, signs = places[order], signs[order]
    twin = np.flatnonzero(places[1:] == places[:-1])
    straight = twin[signs[twin] == signs[twin + 1]]
    keep = np.ones(len(places), np.bool_)
    keep[straight] = keep[straight + 1] = False
    places, signs = places[keep], signs[keep]
    x, y = np.divmod(places, height + 1)
    pinches = np.flatnonzero(places[1:] == places[:-1])
    # The horizontal edge on the left turns upwards where the pixel above it is foreground, else downwards; that keeps
    # the two pixels that touch here apart.
    partner = np.arange(len(places))
    crossed = pinches[signs[pinches]]
    partner[crossed], partner[crossed + 1] = crossed + 1, crossed
    by_row = np.argsort(y * (width + 1) + x, kind="stable")
    vertical = partner[by_row]
    row_of = np.empty_like(vertical)
    row_of[vertical] = np.arange(len(vertical))
    lefts, rights = by_row[0::2], by_row[1::2]
    top = signs[rights]
    heads = 2 * np.arange(len(top)) + top
    following = row_of[vertical[heads] ^ 1] // 2
    return _Edges(y[lefts], x[lefts], x[rights], top, following, bool(len(pinches)))


def _rings(edges: _Edges) -> list[list[int]]:
    """Return the edges of each simple ring, in order."""
    following = edges.following.tolist()
    seen = bytearray(len(following))
    cycles = []
    for start in range(len(following)):
        cycle, edge = [], start
        while not seen[edge]:
            seen[edge] = 1
            cycle.append(edge)
            edge = following[edge]
        if cycle:
            cycles.append(cycle)
    if not edges.pinched:
        return cycles
    tails, heads = edges.tails(), edges.heads()
    return [ring for cycle in cycles for ring in _simple(cycle, tails, heads)]


def _simple(cycle: list[int], tails: list[tuple[int, int]], heads: list[tuple[int, int]]) -> Iterator[list[int]]:
    """Yield the simple rings that a ring consists of that touches itself.

    A ring touches itself at pinches of the background. Touches are therefore nested, never interlaced: the edges
    between two visits of a point are a ring of their own.
    """
    path: list[int] = []
    by_tail: dict[tuple[int, int], int] = {}
    by_head: dict[tuple[int, int], int] = {}

    def cut(start: int) -> list[int]:
        ring = path[start:]
        del path[start:]
        for edge in ring:
            by_tail.pop(tails[edge], None)
            by_head.pop(heads[edge], None)
        return ring

    for edge in cycle:
        if tails[edge] in by_tail:
            yield cut(by_tail[tails[edge]])
        by_tail[tails[edge]] = len(path)
        path.append(edge)
        if heads[edge] in by_head:
            after = by_head[heads[edge]] + 1
            owner = path[after - 1]
            yield cut(after)
            by_head[heads[owner]] = after - 1
        else:
            by_head[heads[edge]] = len(path) - 1
    yield path


def _ring_above(rings: list[list[int]], edges: _Edges, toggles: _Ints, height: int, width: int) -> dict[int, int]:
    """Return, by hole, the ring that bounds the foreground directly above the hole's uppermost edge.

    Both belong to the same component, because the foreground in between is one vertical run.
    """
    ring_of = np.empty(len(edges.y), np.int64)
    for index, ring in enumerate(rings):
        ring_of[ring] = index
    uppermost = np.array([min(ring) for ring in rings], np.int64)
    holes = np.flatnonzero(~edges.top[uppermost])
    x, y = edges.left[uppermost[holes]], edges.y[uppermost[holes]]
    run_top = toggles[np.searchsorted(toggles, x * (height + 1) + y) - 1] % (height + 1)
    edge = np.searchsorted(edges.y * (width + 1) + edges.left, run_top * (width + 1) + x, side="right") - 1
    return dict(zip(holes.tolist(), ring_of[edge].tolist(), strict=True))


def _interleave(first: _Ints, second: _Ints) -> _Ints:
    return np.stack([first, second], axis=1).ravel()
