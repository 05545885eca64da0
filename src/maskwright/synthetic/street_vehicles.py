"""The vehicles of the drawn streets, in metres: boxes with a roof, drawn as the convex hull of their corners."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from maskwright.synthetic.street_things import DARK, Color, Detail, Points, Thing, any_color, box, circle

_GLASS: Color = (74, 92, 108)
_LAMP: Color = (196, 40, 36)


class _Body(NamedTuple):
    """The dimensions of a vehicle in metres.

    ``cabin`` is the begin and end of the roof as shares of the length, ``sill`` the lower edge of the windows.
    """

    width: float
    height: float
    length: float
    waist: float
    cabin: tuple[float, float]
    sill: float
    wheel: float


BODIES: dict[str, _Body] = {
    "car": _Body(1.8, 1.5, 4.3, 0.95, (0.14, 0.66), 0.95, 0.33),
    "truck": _Body(2.5, 3.4, 8.0, 2.4, (0.0, 0.72), 1.5, 0.5),
    "bus": _Body(2.5, 3.1, 11.0, 2.9, (0.0, 1.0), 1.2, 0.5),
    "train": _Body(2.5, 3.6, 22.0, 2.9, (0.04, 0.96), 1.5, 0.35),
    "caravan": _Body(2.2, 2.6, 5.0, 1.6, (0.1, 0.9), 1.3, 0.33),
    "trailer": _Body(2.0, 1.5, 3.5, 1.4, (0.0, 1.0), 1.5, 0.33),
}


def vehicle(rng: np.random.Generator, label: str, x: float, z: float, across: bool = False) -> Thing:
    """Return a vehicle whose nearest end is at ``x``, ``z``, seen from behind, or from its side when ``across``."""
    body = BODIES[label]
    half, front = body.width / 2, body.length
    side = -half if across or x > 0 else half

    def world(points: Sequence[tuple[float, float, float]]) -> Points:
        along, up, aside = np.array(points).T
        if across:
            return np.stack([x + along - front / 2, up, z + aside + half], 1)
        return np.stack([x + aside, up, z + along], 1)

    wheels = [[(u, v, side) for u, v in circle(place * front, body.wheel, body.wheel)] for place in (0.17, 0.81)]
    begin, end = (share * front for share in body.cabin)
    floor = 0.6 * body.wheel
    lower = [(u, v, w) for u in (0.0, front) for v in (floor, body.waist) for w in (-half, half)]
    upper = [(u, body.height, w) for u in (begin, end) for w in (-0.84 * half, 0.84 * half)]
    tyres = [(u, 0.0, w) for u in (0.17 * front, 0.81 * front) for w in (-half, half)]
    details = [Detail(world(wheel), DARK) for wheel in wheels]
    details += [Detail(world(pane), _GLASS) for pane in _panes(label, side, across)]
    if not across:
        details += [Detail(world(_lamp(w * half, floor + 0.35)), _LAMP) for w in (-0.8, 0.8)]
    return Thing(label, world(lower + upper + tyres), any_color(rng), tuple(details), solid=True)


def _panes(label: str, side: float, across: bool) -> Iterator[list[tuple[float, float, float]]]:
    """Yield the windows on the side towards the camera and, unless ``across``, at the end: along, up and aside."""
    body = BODIES[label]
    begin, end = (share * body.length for share in body.cabin)
    top = body.height - 0.12
    if label in ("truck", "trailer"):
        return
    pane = [(begin + 0.2, top), (end - 0.2, top), (min(end + 0.5, body.length), body.sill), (begin, body.sill)]
    yield [(u, v, side) for u, v in pane]
    if not across:
        screen = [(-0.7, body.sill), (0.7, body.sill), (0.62, top), (-0.62, top)]
        yield [(0.0, v, w * body.width / 2) for w, v in screen]


def _lamp(aside: float, up: float) -> list[tuple[float, float, float]]:
    return [(0.0, v, w) for w, v in box(aside - 0.12, aside + 0.12, up, up + 0.16)]
