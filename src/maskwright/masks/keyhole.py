"""Polygons with holes as one outline, for formats that have a single ring per object.

A bridge is a line that the outline follows in both directions. COCO's rule (``rleFrPoly``) fills by crossings,
even-odd, and draws a line the same way in both directions. So the two passes cancel and the mask is exact. A program
that also paints the outline itself (``cv2.fillPoly``) shows bridges between components as thin lines; bridges to holes
lie inside the object.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from maskwright.masks.contours import PolygonWithHoles, Ring, horizontal_edges, spread

Points = npt.NDArray[np.int64] | npt.NDArray[np.float64]
_Splice = tuple[int, list[tuple[int, int]]]

# The nearest points of long rings are searched among about so many.
_CANDIDATES = 1000


def keyhole(polygon: PolygonWithHoles) -> Ring:
    """Return ``polygon`` as one ring ``(N, 2)``; a vertical bridge joins each hole to the ring above it.

    The bridges lie on the polygon's own pixels.
    """
    rings = polygon.rings
    bridges = _bridges(rings)
    splices: dict[tuple[int, int], list[_Splice]] = {}
    # From the lowest hole up: a hole already contains the holes joined to it when it is joined to the ring above.
    for hole, start, ring, edge, x, y in sorted(bridges, key=lambda bridge: -bridge[-1]):
        loop = list(_with_splices(rings[hole], hole, splices, start))
        joint = (x, y)
        splices.setdefault((ring, edge), []).append((x, [joint, *loop, loop[0], joint]))
    return np.array(list(_with_splices(polygon.outer, 0, splices, 0)), np.int64)


def chain(rings: Sequence[Points]) -> Points:
    """Return several rings as one, joined in the given order by bridges between nearest points.

    The result encloses the pixels that an odd number of the rings encloses. In long rings the nearest points are
    searched among a sample of 1000 to 2000.
    """
    if len(rings) == 1:
        return rings[0]
    leave, enter = _nearest_points(rings)
    out = []
    for ring, start, stop in zip(rings, enter, leave, strict=True):
        turned = np.roll(ring, -start, axis=0)
        out.append(turned[: (stop - start) % len(ring) + 1])
    last = np.roll(rings[-1], -enter[-1], axis=0)
    out[-1] = np.concatenate([last, last[:1]])
    for ring, start, stop in list(zip(rings, enter, leave, strict=True))[-2::-1]:
        turned = np.roll(ring, -stop, axis=0)
        out.append(turned[: (start - stop) % len(ring) + 1 if start != stop else len(ring)])
        out.append(ring[start : start + 1])
    # Without the last point, which is the first: rings are not closed by a repeated point.
    return np.concatenate(out[:-1])


def loops(ring: Points) -> list[Points]:
    """Return the rings that :func:`keyhole` or :func:`chain` joined to one, in the order in which they close.

    An odd number of them encloses what ``ring`` encloses. A ring is cut at every point that it visits twice. Rings that
    touch each other may therefore be cut in another way than they were joined.
    """
    found: list[list[int]] = []
    path: list[int] = []
    place: dict[tuple[float, float], int] = {}
    points = [tuple(point) for point in ring.tolist()]
    for index, point in enumerate([*points, points[0]]):
        if point in place:
            start = place[point]
            found.append(path[start:])
            for cut in path[start:]:
                del place[points[cut]]
            del path[start:]
        if index < len(points):
            place[point] = len(path)
            path.append(index)
    # Two points are a bridge, followed in both directions; one point is a repeated one.
    return [ring[indices] for indices in found if len(indices) > 2]


def _bridges(rings: Sequence[Ring]) -> list[tuple[int, int, int, int, int, int]]:
    """Return for every hole: its number, its upper left point, the ring and edge above it, and the meeting point."""
    if len(rings) == 1:
        return []
    y, left, right = map(np.concatenate, zip(*map(horizontal_edges, rings), strict=True))
    ring_of, edge_of = _edge_names(rings)
    columns, edge = spread(left, right)
    tall = y.max() + 1
    order = np.argsort(columns * tall + y[edge])
    toggles, edge = (columns * tall + y[edge])[order], edge[order]
    found = []
    for hole, ring in enumerate(rings[1:], start=1):
        start = int(np.lexsort((ring[:, 0], ring[:, 1]))[0])
        x = int(ring[start, 0])
        above = edge[np.searchsorted(toggles, x * tall + ring[start, 1]) - 1]
        found.append((hole, start, int(ring_of[above]), int(edge_of[above]), x, int(y[above])))
    return found


def _edge_names(rings: Sequence[Ring]) -> tuple[Ring, Ring]:
    """Return ring and position of every horizontal edge, in the order of ``horizontal_edges``."""
    positions = [np.flatnonzero(ring[:, 1] == np.roll(ring[:, 1], -1)) for ring in rings]
    return np.repeat(np.arange(len(rings)), [len(p) for p in positions]), np.concatenate(positions)


def _with_splices(
    ring: Ring, number: int, splices: dict[tuple[int, int], list[_Splice]], start: int
) -> Iterator[tuple[int, int]]:
    """Yield the points of a ring from position ``start`` on, with the loops that are attached to each of its edges."""
    points = [(x, y) for x, y in ring.tolist()]
    for position in [*range(start, len(points)), *range(start)]:
        yield points[position]
        # Foreground lies below the edges that bridges come up to, so those run to the right.
        for _, splice in sorted(splices.get((number, position), ()), key=lambda each: each[0]):
            yield from splice


def _nearest_points(rings: Sequence[Points]) -> tuple[list[int], list[int]]:
    """Return where to leave each ring and where to enter it; the first is entered at position 0."""
    leave, enter = [], [0]
    for ring, following in itertools.pairwise(rings):
        here, there = (max(1, len(each) // _CANDIDATES) for each in (ring, following))
        apart = ring[::here, None].astype(np.float64) - following[None, ::there]
        nearest = np.unravel_index(int(np.argmin((apart**2).sum(axis=2))), apart.shape[:2])
        leave.append(int(nearest[0]) * here)
        enter.append(int(nearest[1]) * there)
    return [*leave, enter[-1]], enter
