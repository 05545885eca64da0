"""The layout of a drawn street in metres: ground, houses and traffic, with their positions."""

from collections.abc import Iterator

import numpy as np

from maskwright.synthetic.street_things import (
    DARK,
    Color,
    Detail,
    Points,
    Thing,
    any_color,
    group,
    person,
    post,
    rider,
    tree,
    two_wheeler,
)
from maskwright.synthetic.street_vehicles import BODIES, vehicle

# Where road and sidewalks end, and where the houses stand: x in metres, the camera at 0.
_ROAD = (-6.2, 4.8)
_HOUSES = (-10.0, 8.6)
_NEAR, _FAR = 0.8, 160.0
# Things beside the road are visible from this ratio of distance ahead to distance aside.
_IN_VIEW = 2.3
_LANES: tuple[tuple[float, float, dict[str, float]], ...] = (
    (-5.2, 14.0, {"car": 0.85, "truck": 0.05, "caravan": 0.05, "trailer": 0.05}),
    (-2.6, 11.0, {"car": 0.4, "truck": 0.15, "bus": 0.2, "train": 0.25}),
    (0.5, 10.0, {"car": 0.6, "truck": 0.2, "bus": 0.2}),
    (3.7, 9.5, {"car": 0.85, "bus": 0.08, "trailer": 0.07}),
)


def scene(rng: np.random.Generator) -> list[Thing]:
    """Return the things of one street from back to front."""
    traffic = list(_traffic(rng))
    rails = any(thing.label == "train" for thing in traffic)
    moving = [*traffic, *_people(rng), *_groups(rng), *_street_side(rng)]
    return [*_ground(rails), *_background(rng), *sorted(moving, key=lambda thing: -thing.depth)]


def _ground(rails: bool) -> Iterator[Thing]:
    left, right = _HOUSES
    yield Thing("sidewalk", _lane(left - 2, right + 2), (150, 142, 138))
    edges = [Detail(_lane(x, x + 0.15), (196, 196, 190)) for x in (_ROAD[0] + 2.1, _ROAD[1] - 2.1)]
    dashes = [Detail(_lane(-1.1, -0.95, z, z + 3.0), (206, 206, 200)) for z in np.arange(3.0, 60.0, 7.0).tolist()]
    yield Thing("road", _lane(*_ROAD), (98, 96, 100), (*edges, *dashes))
    if rails:
        rail = [Detail(_lane(x, x + 0.1), (166, 160, 154)) for x in (-3.35, -1.95)]
        yield Thing("rail track", _lane(-3.7, -1.5), (112, 100, 92), tuple(rail))


def _background(rng: np.random.Generator) -> Iterator[Thing]:
    """Yield the skyline and both rows of houses, from far to near."""
    skyline = [(x, rng.uniform(5, 11), _FAR) for x in np.linspace(-60, 60, 25).tolist()]
    yield Thing("vegetation", np.array([(-60, 0, _FAR), *skyline, (60, 0, _FAR)]), (74, 104, 72))
    for x in _HOUSES:
        ends = [_FAR]
        while ends[-1] > 14:
            ends.append(ends[-1] - rng.uniform(10, 26))
        for far, near in zip(ends, [*ends[1:-1], _NEAR], strict=False):
            yield _front(rng, x, near, far)


def _front(rng: np.random.Generator, x: float, near: float, far: float) -> Thing:
    """Return a house, or one of the things that replace one along the street."""
    label = str(rng.choice(["building", "vegetation", "wall", "fence"], p=[0.76, 0.12, 0.06, 0.06]))
    if label == "building":
        height = rng.uniform(7, 15)
        red, green, blue = any_color(rng)
        plaster = (110 + 0.35 * red, 104 + 0.35 * green, 98 + 0.35 * blue)
        return Thing(label, _facade(x, 0.0, height, near, far), plaster, tuple(_windows(x, height, near, far)))
    height = {"vegetation": rng.uniform(2, 6), "wall": rng.uniform(1.8, 3), "fence": 1.5}[label]
    color: Color = {"vegetation": (70.0, 108.0, 60.0), "wall": (150.0, 128.0, 112.0), "fence": (120.0, 104.0, 88.0)}[
        label
    ]
    return Thing(label, _facade(x, 0.0, height, near, far), color)


def _windows(x: float, height: float, near: float, far: float) -> Iterator[Detail]:
    for floor in np.arange(1.0, height - 1.8, 3.0).tolist():
        # Nearer windows lie outside every image.
        for start in np.arange(max(near, 8.0) + 1.0, far - 1.5, 3.2).tolist():
            yield Detail(_facade(x, floor, floor + 1.6, start, start + 1.4), (84, 94, 106))


def _traffic(rng: np.random.Generator) -> Iterator[Thing]:
    """Yield each lane's vehicles one behind the other, and sometimes one that crosses the street."""
    for x, start, kinds in _LANES:
        z = start + rng.exponential(7)
        while z < 70:
            label = str(rng.choice(list(kinds), p=list(kinds.values())))
            yield vehicle(rng, label, x + rng.uniform(-0.2, 0.2), z)
            z += BODIES[label].length + 2 + rng.exponential(14)
    if rng.random() < 0.35:
        label = str(rng.choice(["car", "bus", "truck"], p=[0.6, 0.2, 0.2]))
        yield vehicle(rng, label, rng.uniform(-6, 6), rng.uniform(18, 34), across=True)


def _people(rng: np.random.Generator) -> Iterator[Thing]:
    for _ in range(rng.integers(3, 9)):
        yield person(rng, *_beside(rng, 0.6, 3.2))
    if rng.random() < 0.5:
        yield person(rng, rng.uniform(-3, 3), rng.uniform(8, 20))
    for pair in range(1, 1 + rng.integers(1, 4)):
        label = str(rng.choice(["bicycle", "motorcycle"], p=[0.6, 0.4]))
        x, z = _beside(rng, -1.6, -0.4)
        yield from rider(rng, x, z, label, pair)
    for _ in range(rng.integers(0, 3)):
        label = str(rng.choice(["bicycle", "motorcycle"], p=[0.7, 0.3]))
        yield two_wheeler(rng, *_beside(rng, 0.3, 1.0), label)


def _groups(rng: np.random.Generator) -> Iterator[Thing]:
    for name, share in (("car", 0.4), ("person", 0.4), ("bicycle", 0.3)):
        if rng.random() < share:
            x, z = _beside(rng, 0.8, 2.6)
            yield group(rng, name, x, z + (20 if name == "car" else 6), int(rng.integers(3, 8)))


def _street_side(rng: np.random.Generator) -> Iterator[Thing]:
    for _ in range(rng.integers(1, 5)):
        yield tree(rng, *_beside(rng, 1.0, 3.0))
    for _ in range(rng.integers(2, 6)):
        yield from post(rng, *_beside(rng, 0.3, 0.8))
    if rng.random() < 0.3:
        x, z = _beside(rng, 0.5, 1.5)
        bin_ = [(x - 0.3, 0.0, z), (x + 0.3, 0.0, z), (x + 0.3, 1.0, z), (x - 0.3, 1.0, z)]
        yield Thing("static", np.array(bin_), DARK)


def _beside(rng: np.random.Generator, least: float, most: float) -> tuple[float, float]:
    """Return x and z of a visible place between ``least`` and ``most`` metres outside the road, on either side."""
    away = rng.uniform(least, most)
    x = _ROAD[0] - away if rng.random() < 0.5 else _ROAD[1] + away
    return x, abs(x) * _IN_VIEW * rng.uniform(1.0, 2.6)


def _lane(left: float, right: float, near: float = _NEAR, far: float = _FAR) -> Points:
    """Return a strip of ground along the street."""
    return np.array([(left, 0, near), (left, 0, far), (right, 0, far), (right, 0, near)], np.float64)


def _facade(x: float, bottom: float, top: float, near: float, far: float) -> Points:
    """Return an upright face along the street."""
    return np.array([(x, bottom, near), (x, bottom, far), (x, top, far), (x, top, near)], np.float64)
