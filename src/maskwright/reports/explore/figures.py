"""The figures of a data set by name, with their captions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import matplotlib as mpl
from matplotlib.figure import Figure

from maskwright.annotations.statistics.dataset import ClassPair, Statistics
from maskwright.annotations.statistics.object_sizes import count_sizes, side_histogram, side_quantiles
from maskwright.reports.explore import image_figures, size_figures
from maskwright.reports.plots.class_bars import class_bars
from maskwright.reports.plots.colors import COLORS
from maskwright.reports.plots.pair_matrix import pair_matrix
from maskwright.reports.plots.svg import STYLE, svg_text
from maskwright.reports.short_numbers import percent, round_percent

BLUE, ORANGE, GREEN, VIOLET = COLORS[:4]

# Figures with more rows are not readable. The table and the JSON have the numbers of all classes.
MOST_BARS, MOST_SIZES, MOST_IN_MATRIX = 100, 24, 20
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class NamedFigure:
    """A figure with its file name without suffix, its SVG as a page holds it, and its caption.

    The caption says what is counted, and what the figure does not show.
    """

    name: str
    caption: str
    figure: Figure
    svg: str


def explore_figures(statistics: Statistics) -> Iterator[NamedFigure]:
    """Yield each figure that has something to show, drawn in the style of a page."""
    for name, draw in FIGURES.items():
        with mpl.rc_context(STYLE):
            found = draw(statistics)
            drawn = found and NamedFigure(name, *found, svg_text(found[1], found[0]))
        if drawn is not None:
            yield drawn


_Drawn = tuple[str, Figure] | None


def _class_bars(
    what: str, unit: str, color: str, amount: Callable[[Statistics, int], float], statistics: Statistics
) -> _Drawn:
    labels = statistics.by_frequency()
    if not statistics.instances:
        return None
    names = statistics.table.names
    amounts = {names[label - 1]: amount(statistics, label) for label in labels[:MOST_BARS]}
    written, tick = (percent, round_percent) if unit.startswith("share") else ("{:,.0f}".format, "{:,.0f}".format)
    return f"{what}.{_most_frequent(len(labels), MOST_BARS)}", class_bars(amounts, unit, color, written, tick)


def _most_frequent(count: int, shown: int) -> str:
    return f" The {shown} of {count:,} classes with most instances." if count > shown else ""


def _object_sizes(statistics: Statistics) -> _Drawn:
    areas = statistics.areas
    if not areas:
        return None
    sizes = count_sizes(areas)
    counted = ", ".join(f"{count:,} {name}" for name, count in sizes.items())
    caption = (
        f"Instances by the side of a square of their area: {counted}. In COCO an object is small below 32² pixels and "
        "large from 96² pixels on."
    )
    return caption, size_figures.object_sizes(*side_histogram(areas), sizes)


def _sizes_per_class(statistics: Statistics) -> _Drawn:
    labels = [label for label in statistics.by_frequency() if statistics.classes[label - 1].instances]
    if not labels:
        return None
    quantiles = {
        statistics.table.names[label - 1]: side_quantiles(statistics.classes[label - 1].areas, QUANTILES)
        for label in labels[:MOST_SIZES]
    }
    caption = (
        "Sizes by class. Dot: median; thick line: 25 % to 75 %; thin line: 10 % to 90 %."
        f"{_most_frequent(len(labels), MOST_SIZES)}"
    )
    return caption, size_figures.sizes_per_class(quantiles)


def _instances_per_image(statistics: Statistics) -> _Drawn:
    if not statistics.images:
        return None
    return "Images by their number of instances.", image_figures.instances_per_image(statistics.instances_per_image)


def _image_sizes(statistics: Statistics) -> _Drawn:
    if not statistics.images:
        return None
    (height, width), images = max(statistics.image_sizes.items(), key=lambda item: item[1])
    sizes = len(statistics.image_sizes)
    caption = (
        f"{sizes:,} image size{'s' * (sizes > 1)}; most often {width:,} × {height:,} pixels, {images:,} of "
        f"{statistics.images:,} images. The area of a dot grows with its images."
    )
    return caption, image_figures.image_sizes(statistics.image_sizes)


def _aspect_ratios(statistics: Statistics) -> _Drawn:
    if not statistics.images:
        return None
    return "Shapes of the images: portrait left, landscape right.", image_figures.aspect_ratios(statistics.image_sizes)


def _co_occurrence(statistics: Statistics) -> _Drawn:
    if sum(counts.instances > 0 for counts in statistics.classes) < 2:
        return None
    caption = "Images that show both classes; framed: images that show the class"
    return _matrix(statistics, statistics.co_occurrence, GREEN, caption)


def _overlap(statistics: Statistics) -> _Drawn:
    if not statistics.shared:
        return None
    caption = "Pixels under an object of both classes; framed: under at least two objects of the class"
    return _matrix(statistics, statistics.shared, VIOLET, caption)


def _matrix(statistics: Statistics, amounts: Mapping[ClassPair, int], color: str, caption: str) -> _Drawn:
    labels = [label for label in statistics.by_frequency() if statistics.classes[label - 1].instances]
    shown = labels[:MOST_IN_MATRIX]
    figure = pair_matrix([statistics.table.names[label - 1] for label in shown], _at_positions(amounts, shown), color)
    return f"{caption}; blank: none. Colours are logarithmic.{_most_frequent(len(labels), MOST_IN_MATRIX)}", figure


def _at_positions(amounts: Mapping[ClassPair, int], labels: list[int]) -> dict[tuple[int, int], int]:
    """Return ``amounts`` by positions in ``labels``, the smaller first, without pairs of other classes."""
    place = {label: position for position, label in enumerate(labels)}
    found = {}
    for (a, b), amount in amounts.items():
        if a in place and b in place:
            found[min(place[a], place[b]), max(place[a], place[b])] = amount
    return found


def _instances(statistics: Statistics, label: int) -> float:
    return statistics.classes[label - 1].instances


def _images(statistics: Statistics, label: int) -> float:
    return statistics.classes[label - 1].images


def _share(statistics: Statistics, label: int) -> float:
    return statistics.classes[label - 1].covered_pixels / statistics.pixels.total


FIGURES: dict[str, Callable[[Statistics], _Drawn]] = {
    "instances_per_class": partial(_class_bars, "Instances of each class", "instances", BLUE, _instances),
    "images_per_class": partial(_class_bars, "Images with an instance of each class", "images", GREEN, _images),
    "pixels_per_class": partial(
        _class_bars, "Share of all image pixels under each class", "share of pixels", ORANGE, _share
    ),
    "object_sizes": _object_sizes,
    "sizes_per_class": _sizes_per_class,
    "instances_per_image": _instances_per_image,
    "image_sizes": _image_sizes,
    "aspect_ratios": _aspect_ratios,
    "co_occurrence": _co_occurrence,
    "overlap": _overlap,
}
