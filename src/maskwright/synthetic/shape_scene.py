"""The geometry of the built-in shapes: the objects of an image, their places, and their visible pixels."""

import math
from dataclasses import dataclass

import hotcoco.mask
import numpy as np
import numpy.typing as npt

CLASS_NAMES = ("disc", "square", "triangle", "ring")

Mask = npt.NDArray[np.bool_]
Point = npt.NDArray[np.float64]

_FREQUENCIES = (0.37, 0.25, 0.21, 0.17)
_CORNERS = {"disc": 32, "square": 4, "triangle": 3, "ring": 32}
# Relative circumradius: in the same circle a triangle has 41 % of a disc's area and would be by far the hardest class.
_REACH = {"disc": 1.0, "square": 1.2, "triangle": 1.45, "ring": 1.2}
_EMPTY_SHARE, _CROWD_SHARE = 0.02, 0.06
_MIN_VISIBLE = 0.35


@dataclass(frozen=True)
class Shape:
    """One object of a scene, complete, without occlusion.

    ``parts`` are ``(H, W)`` bool masks in painting order: one for each disc of a crowd, else one. ``polygon`` is x, y,
    x, y, … in pixels, or None for rings and crowds, which one polygon cannot describe.
    """

    name: str
    parts: tuple[Mask, ...]
    polygon: list[float] | None = None
    crowd: bool = False

    @property
    def mask(self) -> Mask:
        """The union ``(H, W)`` of the parts."""
        return np.logical_or.reduce(self.parts)


def scene(rng: np.random.Generator, height: int, width: int, scale: int) -> list[Shape]:
    """Return the complete shapes of one image from back to front; their sizes are shares of ``scale`` pixels."""
    kind = rng.random()
    if kind < _EMPTY_SHARE:
        return []
    if kind > 1 - _CROWD_SHARE:
        return [_crowd(rng, height, width, scale), *_objects(rng, height, width, scale, int(rng.integers(1, 4)))]
    return _objects(rng, height, width, scale, int(rng.integers(1, 7)))


def visible(shapes: list[Shape]) -> list[tuple[Shape, Mask]]:
    """Return the shapes to draw, back to front, each with its visible mask ``(H, W)``; the masks never overlap.

    A shape of which less than 35 % of the pixels would be visible is not drawn at all.
    """
    kept: list[tuple[Shape, Mask]] = []
    for shape in reversed(shapes):
        whole = shape.mask
        seen = whole & ~np.logical_or.reduce([np.zeros_like(whole), *(front.mask for front, _ in kept)])
        if seen.sum() >= _MIN_VISIBLE * whole.sum():
            kept.append((shape, seen))
    return kept[::-1]


def _objects(rng: np.random.Generator, height: int, width: int, scale: int, count: int) -> list[Shape]:
    shapes: list[Shape] = []
    circles: list[tuple[Point, float]] = []
    for _ in range(count):
        name = str(rng.choice(CLASS_NAMES, p=_FREQUENCIES))
        radius = rng.uniform(0.125, 0.235) * scale * _REACH[name]
        places = rng.uniform(radius + 1, (width - radius - 1, height - radius - 1), (8, 2))
        # The place of eight with most free space: objects still overlap, but seldom pile up.
        centre = max(places, key=lambda place: min((math.dist(place, c) - r for c, r in circles), default=0.0))
        circles.append((centre, radius))
        shapes.append(_shape(rng, name, centre, radius, height, width))
    return shapes


def _shape(rng: np.random.Generator, name: str, centre: Point, radius: float, height: int, width: int) -> Shape:
    angle = rng.uniform(0, 2 * math.pi)
    polygon = _regular_polygon(_CORNERS[name], centre, radius, angle)
    mask = _rasterise(polygon, height, width)
    if name != "ring":
        return Shape(name, (mask,), polygon)
    hole = _regular_polygon(_CORNERS[name], centre, radius * rng.uniform(0.4, 0.55), angle)
    return Shape(name, (mask & ~_rasterise(hole, height, width),))


def _crowd(rng: np.random.Generator, height: int, width: int, scale: int) -> Shape:
    """Return a cluster of 16 to 27 small discs that nobody would outline one by one."""
    count = int(rng.integers(16, 28))
    radius = rng.uniform(0.038, 0.05) * scale
    reach = radius * (1.15 * math.sqrt(count) + 2)
    centre = rng.uniform(reach, (width - reach, height - reach))
    # Vogel's sunflower spreads the discs evenly without a grid; the jitter makes some overlap.
    turns = np.arange(count) * math.pi * (3 - math.sqrt(5)) + rng.uniform(0, 2 * math.pi)
    spiral = 1.15 * radius * np.sqrt(np.arange(count) + 0.5)[:, None] * np.stack([np.cos(turns), np.sin(turns)], 1)
    places = centre + spiral + rng.uniform(-0.35, 0.35, (count, 2)) * radius
    radii = radius * rng.uniform(0.75, 1.15, count)
    discs = (_regular_polygon(16, place, float(r), 0.0) for place, r in zip(places, radii, strict=True))
    return Shape("disc", tuple(_rasterise(disc, height, width) for disc in discs), crowd=True)


def _regular_polygon(corners: int, centre: Point, radius: float, angle: float) -> list[float]:
    """Return x, y, x, y, … in pixels, rounded as in the file, so that drawing and annotation agree."""
    turns = angle + np.arange(corners) * (2 * math.pi / corners)
    points = centre + radius * np.stack([np.cos(turns), np.sin(turns)], 1)
    return points.round(2).ravel().tolist()


def _rasterise(polygon: list[float], height: int, width: int) -> Mask:
    rle = hotcoco.mask.frPyObjects([polygon], height, width)[0]
    return hotcoco.mask.decode(rle).astype(bool)
