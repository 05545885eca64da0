"""The camera's view of a drawn street: polygons in whole pixels, and the polygon that each pixel shows.

Pillow draws the polygons in order, as the scripts of Cityscapes do (``json2instanceImg``). So the polygon files and the
pixel files agree exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from maskwright.annotations.cityscapes_labels import FIRST_INSTANCE, LABELS
from maskwright.synthetic.street_things import Color, Points, Thing

Pixels = npt.NDArray[np.int64]
IndexMap = npt.NDArray[np.int32]

_BY_NAME = {label.name: label for label in LABELS}
_CAMERA_HEIGHT, _HORIZON, _FOCAL = 1.3, 0.42, 1.1
_MIN_VISIBLE = 0.1


@dataclass(frozen=True)
class Outline:
    """One polygon of an image: label, points ``(P, 2)`` x, y in whole pixels, colour, and distance in metres.

    ``details`` are parts with a colour of their own, cut off at the polygon. Outlines of one ``pair`` other than 0 are
    drawn both or not at all.
    """

    label: str
    polygon: Pixels
    color: Color
    details: tuple[tuple[Pixels, Color], ...] = ()
    depth: float = 0.0
    pair: int = 0

    @property
    def label_id(self) -> int:
        """The value in the label image; a group has the id of its members."""
        return (_BY_NAME.get(self.label) or _BY_NAME[self.label.removesuffix("group")]).id

    @property
    def is_object(self) -> bool:
        """Whether the outline counts as one object; groups and labels without instances do not."""
        return self.label in _BY_NAME and _BY_NAME[self.label].has_instances


def view(things: list[Thing], height: int, width: int) -> tuple[list[Outline], IndexMap]:
    """Return the outlines to draw, in order, and for each pixel ``(H, W)`` the position of the outline it shows.

    ``things`` come from back to front. Sky and ground are behind them; the camera's own car and the image borders are
    in front. An object of which less than a tenth would be visible is not drawn at all.
    """
    projected = (_outline(thing, height, width) for thing in things)
    outlines = [*_behind(height, width), *(each for each in projected if each is not None), *_before(height, width)]
    index = _drawn(outlines, height, width)
    seen = np.bincount(index.ravel(), minlength=len(outlines))
    # Removing outlines only uncovers others, so the kept ones show at least as many pixels as before.
    hidden = [_hidden(each, int(count)) for each, count in zip(outlines, seen, strict=True)]
    broken = {each.pair for each, gone in zip(outlines, hidden, strict=True) if gone and each.pair}
    # A rider or two-wheeler wholly outside the image has no outline here.
    broken |= {pair for pair in {each.pair for each in outlines} - {0} if sum(o.pair == pair for o in outlines) < 2}
    kept = [each for each, gone in zip(outlines, hidden, strict=True) if not gone and each.pair not in broken]
    index = _drawn(kept, height, width)
    return kept, index


def instance_ids(outlines: list[Outline], index: IndexMap) -> npt.NDArray[np.uint16]:
    """Return the instance image ``(H, W)`` uint16: ``1000 * label + number`` for objects, else the label."""
    numbers: dict[int, int] = {}
    values = []
    for each in outlines:
        value = each.label_id
        if each.is_object:
            number = numbers.get(value, 0)
            numbers[value], value = number + 1, FIRST_INSTANCE * value + number
        values.append(value)
    return np.array(values, np.uint16)[index]


def label_ids(outlines: list[Outline], index: IndexMap) -> npt.NDArray[np.uint8]:
    """Return the label image ``(H, W)`` uint8."""
    return np.array([each.label_id for each in outlines], np.uint8)[index]


def horizon(height: int) -> int:
    """Return the row of the image where the ground ends."""
    return round(_HORIZON * height)


def _hidden(outline: Outline, seen: int) -> bool:
    area = cv2.contourArea(outline.polygon.astype(np.int32)) if outline.is_object else 0.0
    return seen < max(1.0, _MIN_VISIBLE * area)


def _drawn(outlines: list[Outline], height: int, width: int) -> IndexMap:
    image = Image.new("I", (width, height), 0)
    drawer = ImageDraw.Draw(image)
    for position, each in enumerate(outlines):
        drawer.polygon([(int(x), int(y)) for x, y in each.polygon], fill=position)
    return np.array(image, np.int32)


def _outline(thing: Thing, height: int, width: int) -> Outline | None:
    """Return the outline of a thing in the image; None when it lies outside."""
    points = _project(thing.points, height, width)
    if thing.solid:
        points = cv2.convexHull(points.astype(np.float32))[:, 0].astype(np.float64)
    details = tuple((np.rint(_project(p, height, width)).astype(np.int64), color) for p, color in thing.details)
    polygon = _inside(points, height, width)
    if len(polygon) < 3:
        return None
    return Outline(thing.label, polygon, thing.color, details, thing.depth, thing.pair)


def _project(points: Points, height: int, width: int) -> Points:
    """Project points in metres ``(P, 3)`` to pixels ``(P, 2)``."""
    x, y, z = points.T
    focal = _FOCAL * width
    return np.stack([width / 2 + focal * x / z, horizon(height) + focal * (_CAMERA_HEIGHT - y) / z], 1)


def _inside(points: Points, height: int, width: int) -> Pixels:
    """Return the part of a polygon inside the image, in whole pixels, without repeated consecutive points.

    It is clipped at one image edge after the other: Sutherland and Hodgman, "Reentrant polygon clipping" (1974).
    """
    for axis, limit, side in ((0, 0, 1), (0, width - 1, -1), (1, 0, 1), (1, height - 1, -1)):
        points = _beyond(points, axis, limit, side)
    pixels = np.rint(points).astype(np.int64)
    return pixels[(pixels != np.roll(pixels, 1, axis=0)).any(axis=1)]


def _beyond(points: Points, axis: int, limit: float, side: int) -> Points:
    """Return the part of a polygon on the positive (``side`` 1) or negative (−1) side of a line along an axis."""
    kept: list[Points] = []
    for start, end in zip(np.roll(points, 1, axis=0), points, strict=True):
        before, after = side * (start[axis] - limit), side * (end[axis] - limit)
        if before * after < 0:
            kept.append(start + (end - start) * (before / (before - after)))
        if after >= 0:
            kept.append(end)
    return np.array(kept).reshape(-1, 2)


def _behind(height: int, width: int) -> Iterator[Outline]:
    edge = horizon(height)
    yield Outline("sky", _rectangle(0, 0, width - 1, height - 1), (168, 196, 224), depth=100.0)
    yield Outline("terrain", _rectangle(0, edge, width - 1, height - 1), (116, 118, 78), depth=30.0)


def _before(height: int, width: int) -> Iterator[Outline]:
    """Yield the car's bonnet, the border that image rectification leaves, and the border without annotations."""
    share = np.linspace(0, 1, 17)
    bonnet = np.stack([share * width, height * (1 - 0.1 * np.sin(np.pi * share) ** 0.5)], 1)
    corners = np.array([(width, height), (0, height)])
    yield Outline("ego vehicle", _inside(np.concatenate([bonnet, corners]), height, width), (44, 46, 52), depth=1.0)
    rim = max(1, round(0.0025 * width))
    yield Outline("rectification border", _rectangle(0, 0, 2 * rim, height - 1), (0, 0, 0), depth=1.0)
    right, bottom = width - 1, height - 1
    outer = [(0, 0), (right, 0), (right, bottom), (0, bottom), (0, 0)]
    inner = [(rim, rim), (rim, bottom - rim), (right - rim, bottom - rim), (right - rim, rim), (rim, rim)]
    yield Outline("out of roi", np.array(outer + inner, np.int64), (20, 20, 22), depth=1.0)


def _rectangle(left: int, top: int, right: int, bottom: int) -> Pixels:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.int64)
