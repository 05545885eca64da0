"""The layers of the house as a picture: a box for each room, an arrow for each import that no other way stands for."""

import itertools
import textwrap
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from tools.architecture.rooms import Arrow, arrows, direct, layers, purpose, rooms, torch_free

WIDTH, MARGIN, ROW_GAP = 1200, 28, 42
NARROW_GAP, WIDE_GAP = 24, 110  # between the boxes of a row of many, and of few, where more arrows pass
WIDEST = 460
BESIDE = 110  # how far arrows may pass beside a row
LANE = 7  # pixels between two arrows side by side
LINE, NAME_LINE, PADDING = 15, 20, 10
LETTER = 6.0  # mean width in pixels of a letter of 11.5 pixels
# Of the arrows, by the room they leave: far enough apart to follow one among others.
COLORS = ("#4c6fb1", "#b1654c", "#5b8f5f", "#8a62a8", "#a08a2e", "#3f8f97", "#a64d79", "#6b7280")
STYLE = """
  text { font-family: ui-sans-serif, "Helvetica Neue", Arial, sans-serif; fill: #1c2430; }
  .name { font-size: 14px; font-weight: 600; }
  .purpose { font-size: 11.5px; fill: #46525f; }
  .free { fill: #e9f3ec; stroke: #4f8a63; }
  .torch { fill: #eef1fb; stroke: #6573b8; }
  .arrow { fill: none; stroke-width: 1.4; }
"""

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A room on the page, in pixels."""

    room: str
    left: float
    top: float
    width: float
    height: float
    lines: tuple[str, ...]

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height

    @property
    def centre(self) -> float:
        """The middle from left to right."""
        return self.left + self.width / 2


def draw_picture() -> str:
    """Return the picture as SVG."""
    boxes = place_boxes()
    height = max(box.bottom for box in boxes.values()) + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img">',
        "<title>The rooms of Maskwright in layers; arrows are imports and lead downward</title>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 1 L7 4 L0 7 z" fill="context-stroke"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{height:.0f}" rx="12" fill="#ffffff"/>',
        *legend(),
        *draw_arrows(boxes),
        *(part for box in boxes.values() for part in draw_box(box)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def place_boxes() -> dict[str, Box]:
    """The boxes of all rooms, one row for each layer."""
    boxes: dict[str, Box] = {}
    top = 2.0 * MARGIN
    for row in layers():
        gap = NARROW_GAP if len(row) > 3 else WIDE_GAP
        width = min(WIDEST, (WIDTH - 2 * MARGIN - gap * (len(row) - 1)) / len(row))
        letters = int((width - 2 * PADDING) / LETTER)
        texts = [tuple(textwrap.wrap(purpose(room).replace("`", ""), letters)) for room in row]
        height = 2 * PADDING + NAME_LINE - 4 + LINE * max(map(len, texts))
        left = (WIDTH - width * len(row) - gap * (len(row) - 1)) / 2
        for column, (room, text) in enumerate(zip(row, texts, strict=True)):
            boxes[room] = Box(room, left + column * (width + gap), top, width, height, text)
        top += height + ROW_GAP
    return boxes


def draw_box(box: Box) -> list[str]:
    """Return the box with the room's name and purpose."""
    kind = "free" if box.room in torch_free() else "torch"
    where = f'x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
    middle, first = f'x="{box.centre:.1f}"', box.top + PADDING + 12
    texts = [
        f'<text class="purpose" {middle} y="{first + NAME_LINE - 2 + LINE * i:.1f}" text-anchor="middle">'
        f"{escape(line)}</text>"
        for i, line in enumerate(box.lines)
    ]
    name = f'<text class="name" {middle} y="{first:.1f}" text-anchor="middle">{box.room}</text>'
    return [f'<rect class="{kind}" {where} rx="8"/>', name, *texts]


def draw_arrows(boxes: dict[str, Box]) -> list[str]:
    """Return a curve from each room to those it imports, side by side where several leave or enter a box."""
    found = direct(arrows())
    starts, ends = spread(found, 0, boxes), spread(found, 1, boxes)
    ways = route(found, boxes, starts, ends)
    shown = []
    for arrow in found:
        upper, lower = (boxes[room] for room in arrow)
        points = [(starts[arrow], upper.bottom), *ways[arrow], (ends[arrow], lower.top)]
        color = COLORS[rooms().index(arrow[0]) % len(COLORS)]
        shown.append(f'<path class="arrow" stroke="{color}" d="{curve(points)}" marker-end="url(#head)"/>')
    return shown


def curve(points: list[Point]) -> str:
    """Return a path that leaves and enters every point vertically."""
    (x, y), *others = points
    parts = [f"M{x:.1f} {y:.1f}"]
    for next_x, next_y in others:
        half = (y + next_y) / 2
        parts.append(f"C{x:.1f} {half:.1f} {next_x:.1f} {half:.1f} {next_x:.1f} {next_y:.1f}")
        x, y = next_x, next_y
    return " ".join(parts)


def route(
    found: list[Arrow], boxes: dict[str, Box], starts: dict[Arrow, float], ends: dict[Arrow, float]
) -> dict[Arrow, list[Point]]:
    """Where each arrow passes between the boxes of the rows on its way, in lanes that do not cover each other."""
    ways: dict[Arrow, list[Point]] = {arrow: [] for arrow in found}
    for row in layers():
        top, bottom = boxes[row[0]].top, boxes[row[0]].bottom
        lanes: dict[Point, list[tuple[float, Arrow]]] = defaultdict(list)
        for arrow in found:
            upper, lower = (boxes[room] for room in arrow)
            if upper.bottom < top and bottom < lower.top:
                share = (top - upper.bottom) / (lower.top - upper.bottom)
                wanted = starts[arrow] + share * (ends[arrow] - starts[arrow])
                lanes[nearest_gap(wanted, [boxes[room] for room in row], lanes)].append((wanted, arrow))
        for (left, right), passing in lanes.items():
            for i, (_, arrow) in enumerate(sorted(passing), start=1):
                x = left + (right - left) * i / (len(passing) + 1)
                ways[arrow] += [(x, top), (x, bottom)]
    return ways


def nearest_gap(wanted: float, row: list[Box], taken: Mapping[Point, list[Any]]) -> Point:
    """The left and right end of the strip of a row that is nearest to ``wanted`` and has room for another arrow."""
    strips = [(one.left + one.width, other.left) for one, other in itertools.pairwise(row)]
    first, last = row[0].left, row[-1].left + row[-1].width
    strips += [(first - BESIDE, first), (last, last + BESIDE)]
    free = [strip for strip in strips if (len(taken.get(strip, ())) + 2) * LANE <= strip[1] - strip[0]]
    return min(free or strips, key=lambda strip: abs(sum(strip) / 2 - wanted))


def spread(found: list[Arrow], side: int, boxes: dict[str, Box]) -> dict[Arrow, float]:
    """Where each arrow touches its box (``side`` 0: leaves, 1: enters), in the order of the boxes at its other end."""
    by_room: dict[str, list[Arrow]] = defaultdict(list)
    for arrow in found:
        by_room[arrow[side]].append(arrow)
    places: dict[Arrow, float] = {}
    for room, touching in by_room.items():
        box = boxes[room]
        ordered = sorted(touching, key=lambda arrow: (boxes[arrow[1 - side]].centre, arrow))
        for i, arrow in enumerate(ordered, start=1):
            places[arrow] = box.left + box.width * i / (len(ordered) + 1)
    return places


def legend() -> list[str]:
    """Return what the two colours mean."""
    shown, left = [], float(MARGIN)
    for kind, text in (("free", "kept free of torch by a contract"), ("torch", "no such contract")):
        shown.append(f'<rect class="{kind}" x="{left:.0f}" y="18" width="18" height="14" rx="3"/>')
        shown.append(f'<text class="purpose" x="{left + 26:.0f}" y="29">{text}</text>')
        left += 60 + LETTER * len(text)
    return shown
