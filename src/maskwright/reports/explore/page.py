"""The page of a data set: its classes, sizes, images and overlaps in one HTML file that loads nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from maskwright.annotations.faults import Audit
from maskwright.annotations.statistics.dataset import Statistics
from maskwright.reports import tables
from maskwright.reports.explore import facts as explore_facts
from maskwright.reports.explore import tables as explore_tables
from maskwright.reports.pictures.embedded import Picture, embedded
from maskwright.reports.pictures.tile import Color, Tile
from maskwright.reports.rendering import render
from maskwright.reports.shown_figure import ShownFigure


@dataclass(frozen=True)
class ShownTile:
    """A tile as a page holds it: the embedded picture, the classes with their CSS colours, and its counts as text."""

    picture: Picture
    classes: list[tuple[str, str]]
    counted: str

    @classmethod
    def of(cls, tile: Tile, file: str = "") -> "ShownTile":
        """Return what a page needs of ``tile``; ``file``, relative to the page, has it in full resolution."""
        crowds = f", {tile.crowds:,} crowd region{'s' * (tile.crowds > 1)}" if tile.crowds else ""
        counted = f"{tile.instances:,} instance{'s' * (tile.instances != 1)}{crowds}"
        picture = embedded(tile.file_name, tile.picture)
        if tile.full_size is not None:
            picture = picture._replace(file=file, full_height=tile.full_size[0], full_width=tile.full_size[1])
        return cls(picture, [(name, _css(color)) for name, color in tile.classes], counted)


@dataclass(frozen=True)
class PagePictures:
    """The pictures of a page, and remarks on those it lacks.

    ``wanted`` is whether a folder of images was given.
    """

    wanted: bool = False
    tiles: Sequence[ShownTile] = ()
    remarks: Sequence[str] = field(default_factory=list)


def render_explore_page(
    name: str,
    statistics: Statistics,
    audit: Audit,
    figures: Mapping[str, ShownFigure],
    pictures: PagePictures,
    all_classes: bool,
) -> str:
    """Return the HTML of the data set called ``name``. The same data set always gives the same text.

    ``figures`` has the names of :data:`maskwright.reports.explore.figures.FIGURES`; an absent one had nothing to show.
    ``all_classes`` is whether the statistics cover all classes of the file.
    """
    return render(
        "explore.html.jinja",
        name=name,
        statistics=statistics,
        count=tables.count_cell(statistics.instances),
        headline=explore_facts.summary_sentence(statistics),
        facts=explore_facts.facts(statistics),
        balance=explore_facts.balance(statistics),
        figures=figures,
        class_table=explore_tables.per_class_table(statistics),
        overlap_table=explore_tables.overlap_table(statistics),
        pictures=pictures,
        all_classes=all_classes,
        **_audit(audit, statistics),
        present=set(),
        absent=tables.ABSENT,
    )


def _audit(audit: Audit, statistics: Statistics) -> dict[str, Any]:
    counts = audit.to_json()
    return {
        "audit": tables.data_audit({"annotations": {"images": statistics.images, "counts": counts}}),
        "audit_adds_up": audit.adds_up,
        "audit_lines": audit.lines(),
    }


def _css(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
