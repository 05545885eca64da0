"""The tables of a data set: its classes, and the pairs of classes whose objects share most pixels."""

from maskwright.annotations.statistics.dataset import Statistics
from maskwright.annotations.statistics.object_sizes import SIZES
from maskwright.reports.short_numbers import percent
from maskwright.reports.tables import ABSENT, Table, count_cell


def per_class_table(statistics: Statistics, most: int | None = None) -> Table:
    """Return a table with a row for each class, most instances first, at most ``most`` rows.

    The columns are images, instances, crowd regions, instances by COCO size, the median of √area in pixels, and the
    share of all image pixels.
    """
    names = statistics.table.names
    rows = [[names[label - 1], *_class_cells(statistics, label)] for label in statistics.by_frequency()[:most]]
    return Table(["class", "images", "instances", "crowds", *SIZES, "median √area", "pixels"], rows)


def _class_cells(statistics: Statistics, label: int) -> list[str]:
    found = statistics.classes[label - 1].to_json()
    side, total = found["median_side"], statistics.pixels.total
    return [
        *(count_cell(found[key]) for key in ("images", "instances", "crowds", *SIZES)),
        ABSENT if side is None else f"{side:,.0f}",
        percent(found["covered_pixels"] / total) if total else ABSENT,
    ]


def overlap_table(statistics: Statistics, most: int = 12) -> Table:
    """Return a table of the ``most`` pairs of classes whose objects share most pixels.

    The last two columns are the share of each class's pixels.
    """
    names, classes = statistics.table.names, statistics.classes
    rows = []
    for (a, b), pixels in sorted(statistics.shared.items(), key=lambda item: (-item[1], item[0]))[:most]:
        shares = [percent(pixels / classes[label - 1].covered_pixels) for label in (a, b)]
        pair = f"{names[a - 1]}, {names[b - 1]}" if a != b else f"{names[a - 1]}, itself"
        rows.append([pair, count_cell(pixels), *(shares if a != b else [shares[0], ABSENT])])
    return Table(["classes", "shared pixels", "of the first", "of the second"], rows)
