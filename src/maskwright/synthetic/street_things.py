"""People, two-wheelers, trees and posts of the drawn streets, in metres.

Points are ``(P, 3)`` float64: x to the right of the camera, y above the road, z ahead. Each thing has one outline, as
annotators of street scenes draw it: the background between the spokes of a wheel belongs to the bicycle.
"""

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
Color = tuple[float, float, float]

DARK: Color = (38, 38, 44)


class Detail(NamedTuple):
    """A coloured part inside a thing's outline."""

    points: Points
    color: Color


@dataclass(frozen=True)
class Thing:
    """One annotated polygon: label (``…group`` for several objects in one outline), points, and RGB colour in 0..255.

    A ``solid`` thing is drawn as the convex hull of its ``points``. Things of one ``pair`` other than 0, a rider and
    the two-wheeler, are drawn both or not at all.
    """

    label: str
    points: Points
    color: Color
    details: tuple[Detail, ...] = ()
    solid: bool = False
    pair: int = 0

    @property
    def depth(self) -> float:
        """The distance of the nearest point, in metres."""
        return float(self.points[:, 2].min())


# The upper contour of one member of a group, x and y in metres from its middle.
_MEMBERS: dict[str, tuple[tuple[float, float], ...]] = {
    "person": ((-0.24, 1.38), (-0.1, 1.46), (-0.11, 1.66), (0.0, 1.76), (0.11, 1.66), (0.1, 1.46), (0.24, 1.38)),
    "car": ((-0.95, 0.9), (-0.65, 1.45), (0.65, 1.45), (0.95, 0.9)),
    "bicycle": ((-0.5, 0.65), (-0.3, 1.0), (-0.1, 0.85), (0.3, 1.08), (0.5, 0.65)),
}


def any_color(rng: np.random.Generator) -> Color:
    """Return a colour of any hue; it does not depend on the class."""
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 0.75), rng.uniform(0.25, 0.95))
    return 255 * red, 255 * green, 255 * blue


def person(rng: np.random.Generator, x: float, z: float) -> Thing:
    """Return a pedestrian of 1.4 to 1.95 m, standing or walking."""
    stride, turn, size = rng.uniform(0.1, 0.35), rng.choice([-1.0, 1.0]), rng.uniform(0.8, 1.11)
    legs = [(stride, 0.0), (stride + 0.14, 0.04), (0.19, 0.85)]
    arm = [(0.3, 0.8), (0.34, 0.92), (0.24, 1.4), (0.07, 1.47)]
    left = [(-u, v) for u, v in [(stride * 0.8, 0.0), (stride * 0.8 + 0.12, 0.0), (0.19, 0.85), *arm]][::-1]
    outline = [*legs, *arm, *_arc(0.0, 1.62, 0.12, -60, 240), *left, (0.0, 0.72)]
    trousers = [(-0.6, 0.0), (0.6, 0.0), (0.2, 0.9), (-0.2, 0.9)]
    details = ((trousers, any_color(rng)), (circle(0.0, 1.63, 0.13), _skin(rng)))
    return _flat("person", outline, x, z, turn * size, size, any_color(rng), details)


def rider(rng: np.random.Generator, x: float, z: float, label: str, pair: int) -> list[Thing]:
    """Return a two-wheeler (``label`` bicycle or motorcycle) and its rider: two things of one ``pair``."""
    ride = two_wheeler(rng, x, z, label, pair)
    turn = float(np.sign(ride.points[-1, 0] - x) or 1.0) * rng.uniform(0.6, 1.0)
    legs = [(0.02, 0.28), (0.2, 0.22), (0.22, 0.32), (0.12, 0.4), (0.24, 0.78), (0.0, 0.98)]
    body = [(0.1, 1.25), (0.44, 1.0), (0.48, 1.1), (0.14, 1.48), *_arc(0.13, 1.65, 0.13, -70, 220)]
    outline = [*legs, *body, (-0.12, 1.45), (-0.34, 1.0), (-0.3, 0.86), (0.08, 0.72), (-0.02, 0.4)]
    hat = any_color(rng) if rng.random() < 0.6 else _skin(rng)
    details = ((circle(0.13, 1.66, 0.14), hat), ([(-0.4, 0.2), (0.3, 0.2), (0.3, 0.85), (-0.4, 0.98)], any_color(rng)))
    return [ride, _flat("rider", outline, x, z - 0.05, turn, 1.0, any_color(rng), details, pair)]


def two_wheeler(rng: np.random.Generator, x: float, z: float, label: str, pair: int = 0) -> Thing:
    """Return a bicycle or a motorcycle, seen from its side or at an angle."""
    turn = rng.choice([-1.0, 1.0]) * rng.uniform(0.6, 1.0)
    radius, gap = (0.34, 0.54) if label == "bicycle" else (0.32, 0.68)
    bottom = 0.3 if label == "bicycle" else 0.14
    wheels = [*_arc(-gap, radius, radius, 70, 340), (0.0, bottom), *_arc(gap, radius, radius, 200, 470)]
    if label == "bicycle":
        frame = [(0.4, 1.0), (0.28, 1.06), (0.3, 0.8), (-0.16, 0.78), (-0.12, 0.96), (-0.36, 0.96), (-0.26, 0.74)]
    else:
        frame = [(0.42, 1.05), (0.26, 1.1), (0.22, 0.92), (-0.05, 0.95), (-0.2, 0.8), (-0.75, 0.88), (-0.7, 0.72)]
    hubs = 0.72 if label == "bicycle" else 0.45
    details = tuple((circle(side * gap, radius, hubs * radius), (112.0, 112.0, 108.0)) for side in (-1, 1))
    return _flat(label, [*frame[::-1], *wheels], x, z, turn, 1.0, _darker(any_color(rng)), details, pair)


def group(rng: np.random.Generator, name: str, x: float, z: float, count: int) -> Thing:
    """Return ``count`` persons, cars or bicycles in one outline with the label ``<name>group``."""
    profile, step = _MEMBERS[name], 1.5 * _MEMBERS[name][-1][0]
    contour: list[tuple[float, float]] = []
    details: list[tuple[list[tuple[float, float]], Color]] = []
    for place in range(count):
        middle, size = (place - (count - 1) / 2) * step, rng.uniform(0.85, 1.05)
        member = [(middle + u, size * v) for u, v in profile]
        contour += member
        details.append(([*member, (member[-1][0], 0.0), (member[0][0], 0.0)], any_color(rng)))
    # Neighbours overlap; where one ends inside the next, the contour goes on with the later one.
    contour = sorted(contour)
    outline = [*contour, (contour[-1][0], 0.0), (contour[0][0], 0.0)]
    return _flat(f"{name}group", outline, x, z, 1.0, 1.0, any_color(rng), tuple(details))


def tree(rng: np.random.Generator, x: float, z: float) -> Thing:
    """Return a trunk under an uneven crown."""
    height, reach = rng.uniform(5.0, 8.5), rng.uniform(1.4, 2.4)
    angles = np.linspace(-75, 255, 20)
    radii = reach * rng.uniform(0.8, 1.15, 20)
    crown = [
        (r * math.cos(math.radians(a)), height - reach + r * math.sin(math.radians(a)))
        for a, r in zip(angles, radii, strict=True)
    ]
    trunk = [(-0.16, height - 1.6 * reach), (-0.2, 0.0), (0.2, 0.0), (0.16, height - 1.6 * reach)]
    green = 58 + rng.uniform(-12, 12), 100 + rng.uniform(-20, 25), 48 + rng.uniform(-10, 10)
    return _flat("vegetation", [*crown, *trunk], x, z, 1.0, 1.0, green, ((trunk, (84, 66, 50)),))


def post(rng: np.random.Generator, x: float, z: float) -> list[Thing]:
    """Return a street lamp, or a post with a traffic sign or a traffic light."""
    kind = rng.choice(["lamp", "sign", "light"])
    height = 6.5 if kind == "lamp" else 3.1
    pole = _flat("pole", box(-0.07, 0.07, 0.0, height), x, z, 1.0, 1.0, (118, 120, 122))
    if kind == "sign":
        face = circle(0.0, 0.0, 0.4) if rng.random() < 0.5 else [(-0.42, -0.32), (0.42, -0.32), (0.0, 0.42)]
        face, inner = ([(scale * u, 2.7 + scale * v) for u, v in face] for scale in (1.0, 0.65))
        paint = ((196, 34, 32), (34, 72, 168), (222, 186, 40))[int(rng.integers(3))]
        return [pole, _flat("traffic sign", face, x, z - 0.1, 1.0, 1.0, paint, ((inner, (236, 236, 232)),))]
    if kind == "light":
        lamps = (circle(0.0, 3.2 - 0.3 * place, 0.1) for place in range(3))
        paints = ((214, 44, 36), (88, 76, 34), (34, 88, 52))
        case = box(-0.18, 0.18, 2.4, 3.4)
        return [pole, _flat("traffic light", case, x, z - 0.1, 1.0, 1.0, DARK, tuple(zip(lamps, paints, strict=True)))]
    return [pole]


def _flat(
    label: str,
    outline: Sequence[tuple[float, float]],
    x: float,
    z: float,
    wide: float,
    high: float,
    color: Color,
    details: Sequence[tuple[Sequence[tuple[float, float]], Color]] = (),
    pair: int = 0,
) -> Thing:
    """Return a flat thing that faces the camera, ``wide`` and ``high`` times its outline."""

    def world(points: Sequence[tuple[float, float]]) -> Points:
        return np.array([(x + wide * u, high * v, z) for u, v in points])

    return Thing(label, world(outline), color, tuple(Detail(world(p), paint) for p, paint in details), pair=pair)


def _arc(x: float, y: float, radius: float, start: float, stop: float) -> list[tuple[float, float]]:
    """Return points about every 30° from the angle ``start`` to ``stop`` in degrees, anticlockwise."""
    turns = np.radians(np.linspace(start, stop, max(2, round((stop - start) / 30) + 1)))
    return [(x + radius * math.cos(t), y + radius * math.sin(t)) for t in turns.tolist()]


def circle(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    """Return twelve points around ``x``, ``y``."""
    return _arc(x, y, radius, 0, 330)


def box(left: float, right: float, bottom: float, top: float) -> list[tuple[float, float]]:
    """Return the corners of a rectangle."""
    return [(left, bottom), (right, bottom), (right, top), (left, top)]


def _skin(rng: np.random.Generator) -> Color:
    shade = rng.uniform(0.4, 1.0)
    return 232 * shade, 190 * shade, 160 * shade


def _darker(color: Color) -> Color:
    red, green, blue = color
    return 0.5 * red, 0.5 * green, 0.5 * blue
