"""The contact sheet of a data set: images with their masks, chosen to show every class."""

from collections.abc import Sequence, Set
from dataclasses import replace
from pathlib import Path

from maskwright.annotations.coco.categories import label_by_category
from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.faults import Audit
from maskwright.annotations.objects import draw_objects
from maskwright.annotations.selection.showcase import Showcase
from maskwright.class_colors import class_color
from maskwright.errors import DataError, some_of
from maskwright.images.encode import write_png
from maskwright.progress import Reporter
from maskwright.reports.explore.page import PagePictures, ShownTile
from maskwright.reports.pictures.contact_sheet import COLUMNS, contact_sheet
from maskwright.reports.pictures.tile import Tile, draw_tile
from maskwright.structures import ClassTable

SHEET = "contact_sheet.png"
# The folder of the pictures in full resolution.
FULL = "pictures"

# The sheet has 24 pictures, and further full rows while each picture adds a class, up to 48.
PICTURES, MOST_PICTURES = 24, 48

# A folder that lacks this many of the chosen images is probably the wrong one.
_MOST_FAILURES = 24
_MOST_NAMED = 12


def draw_pictures(
    coco: CocoFile,
    table: ClassTable,
    order: Sequence[int],
    seen: Sequence[Set[int]],
    folder: Path,
    out: Path,
    reporter: Reporter,
) -> tuple[PagePictures, list[str]]:
    """Draw tiles for a page and write them as a contact sheet into ``out``; return them, and messages for the terminal.

    Images that are larger than a tile are also written in their own size, which the tiles of the page link: ``out`` is
    a folder beside the page.

    ``seen[i]`` holds the class indices of image ``i``. ``order`` has all class indices, the most frequent first; the
    first get the colours that differ most. An image of ``folder`` that cannot be drawn is replaced by the next best
    one. The messages name each such file, and the classes without a picture.
    """
    tiles, shown, failures = _tiles(coco, _colored(table, order), seen, folder, out / FULL, reporter)
    remarks = _remarks(table, set().union(*seen) - shown, len(tiles), len(failures))
    if tiles:
        _write_sheet(out / SHEET, [tile for tile, _ in tiles], coco)
    shown_tiles = [ShownTile.of(tile, f"{out.name}/{FULL}/{file}") for tile, file in tiles]
    return PagePictures(True, shown_tiles, remarks), [*failures, *remarks]


def _tiles(
    coco: CocoFile, table: ClassTable, seen: Sequence[Set[int]], folder: Path, full: Path, reporter: Reporter
) -> tuple[list[tuple[Tile, str]], set[int], list[str]]:
    """Return the tiles, the class indices they show, and a message for each image that could not be drawn.

    Beside each tile stands the name of its file in the folder ``full``.
    """
    showcase, labels, by_image = Showcase(seen), label_by_category(coco, table), coco.by_image()
    tiles: list[tuple[Tile, str]] = []
    shown: set[int] = set()
    failures: list[str] = []
    for _ in reporter.track(iter(range(MOST_PICTURES + _MOST_FAILURES)), "pictures"):
        position = showcase.propose()
        if position is None or len(failures) == _MOST_FAILURES:
            break
        enough = len(tiles) >= PICTURES and len(tiles) % COLUMNS == 0
        if enough and (seen[position] <= shown or len(tiles) == MOST_PICTURES):
            break
        image = coco.images[position]
        try:
            # The annotations are accounted for already.
            objects, file = draw_objects(image, by_image[image.id], labels, Audit("")), f"{image.id}.jpg"
            tiles.append((draw_tile(objects, folder, table, full / file), file))
        except (DataError, OSError) as error:
            failures.append(f"image {image.id} has no picture: {error}")
            showcase.dismiss(position)
            continue
        showcase.show(position)
        shown.update(seen[position])
    return tiles, shown, failures


def _colored(table: ClassTable, order: Sequence[int]) -> ClassTable:
    """Return the same classes coloured in ``order``, so that frequent classes have the colours that differ most."""
    rank = {label: position for position, label in enumerate(order, start=1)}
    return ClassTable(tuple(replace(c, color=class_color(rank[c.index])) for c in table))


def _remarks(table: ClassTable, without: set[int], tiles: int, failures: int) -> list[str]:
    """Return what the page says about missing pictures. It names no paths, which would show folders of the machine."""
    remarks = []
    if failures:
        remarks.append(
            f"{failures} of the {failures + tiles} chosen images cannot be read, or have another size than the "
            "annotations say. Is this the folder of their images?"
        )
    if without:
        names = [table.names[label - 1] for label in sorted(without)]
        remarks.append(f"Without a picture: {some_of(names, _MOST_NAMED)}.")
    return remarks


def _write_sheet(path: Path, tiles: Sequence[Tile], coco: CocoFile) -> None:
    heading = f"{len(tiles)} of the {len(coco.images):,} images of {coco.path.name}. Hatched grey: crowd regions."
    write_png(path, contact_sheet(tiles, heading))
