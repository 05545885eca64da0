"""What a COCO file holds: counted image by image, drawn as figures and pictures, and put on a page."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from maskwright.annotations.coco.categories import class_table, label_by_category
from maskwright.annotations.coco.file import CocoFile, read_coco
from maskwright.annotations.faults import Audit
from maskwright.annotations.objects import draw_objects
from maskwright.annotations.selection.select import audit_of_reading, rejected_records
from maskwright.annotations.statistics.dataset import Statistics
from maskwright.errors import UsageError, require_folder
from maskwright.files import write_json, write_text
from maskwright.progress import Reporter
from maskwright.reports.explore.contact_sheet import SHEET, draw_pictures
from maskwright.reports.explore.figures import FIGURES, explore_figures
from maskwright.reports.explore.page import PagePictures, ShownFigure, render_explore_page
from maskwright.reports.plots.figure_files import write_figure
from maskwright.structures import ClassTable


@dataclass
class Exploration:
    """What was found in the file ``source``, and where every annotation went.

    ``unread`` counts the records of images and categories that do not fit COCO, by fault. ``page`` is the page that was
    written, None without a folder for it. ``remarks`` name the pictures and classes that the contact sheet lacks.
    """

    source: Path
    statistics: Statistics
    audit: Audit
    unread: dict[str, dict[str, int]]
    page: Path | None = None
    remarks: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For ``statistics.json`` and ``--json``."""
        return {
            "source": str(self.source),
            **self.statistics.to_json(),
            "annotations": self.audit.to_json(),
            "unread": self.unread,
        }


def explore(
    annotations: Path,
    *,
    images: Path | None = None,
    classes: Sequence[str] | None = None,
    out: Path | None = None,
    reporter: Reporter | None = None,
) -> Exploration:
    """Count what the COCO file ``annotations`` holds of ``classes`` (all by default).

    With ``out``, write ``explore.html``, ``statistics.json`` and ``figures/`` into that folder; with ``images`` too, a
    contact sheet of some images of that folder with their masks drawn. The numbers come from the file alone. Other
    files in ``out`` are left alone.

    Raises ``UsageError`` for an unknown class, a missing file or folder, or ``images`` without ``out``; ``DataError``
    when the file is no COCO JSON.
    """
    if images is not None and out is None:
        raise UsageError(f"--images {images}: the pictures need a folder to go to. Name one with --out.")
    if images is not None:
        require_folder(images, "images")
    reporter = reporter or Reporter()
    coco = read_coco(annotations)
    table = class_table(coco, classes)
    statistics, audit, seen = _count(coco, table, reporter)
    left_out = {"images": dict(rejected_records(coco, "image")), "categories": dict(rejected_records(coco, "category"))}
    found = Exploration(annotations, statistics, audit, left_out)
    if out is not None:
        pictures = PagePictures()
        if images is not None:
            order, folder = statistics.by_frequency(), out / "figures"
            pictures, found.remarks = draw_pictures(coco, table, order, seen, images, folder, reporter)
        _remove_stale(out / "figures", pictures)
        found.page = _write(found, out, pictures, all_classes=classes is None)
    return found


def _count(coco: CocoFile, table: ClassTable, reporter: Reporter) -> tuple[Statistics, Audit, list[set[int]]]:
    """The sums over all images, the audit of the file, and the classes that each image shows."""
    statistics, audit = Statistics(table), audit_of_reading(coco)
    labels, by_image = label_by_category(coco, table), coco.by_image()
    seen = []
    for image in reporter.track(coco.images, f"objects of {coco.path.name}"):
        objects = draw_objects(image, by_image[image.id], labels, audit)
        statistics.add(objects)
        columns = zip(objects.labels, objects.drawn, objects.crowd, strict=True)
        seen.append({label for label, drawn, crowd in columns if drawn.area and not crowd})
    return statistics, audit, seen


def _write(found: Exploration, out: Path, pictures: PagePictures, all_classes: bool) -> Path:
    """Write the figures, the numbers and, last of all, the page."""
    figures = {}
    for drawn in explore_figures(found.statistics):
        write_figure(out / "figures", drawn.name, drawn.figure, drawn.svg)
        figures[drawn.name] = ShownFigure.of(drawn)
    write_json(out / "statistics.json", found.to_json())
    # Two parts of the path tell data sets apart, and keep the other folders of the machine out of the page.
    name = "/".join(found.source.resolve().parts[-2:])
    audit = replace(found.audit, source=name)
    page = out / "explore.html"
    write_text(page, render_explore_page(name, found.statistics, audit, figures, pictures, all_classes))
    return page


def _remove_stale(folder: Path, pictures: PagePictures) -> None:
    """Remove what an earlier call drew and this one may not draw again, so that the folder tells of one data set."""
    for name in FIGURES:
        for suffix in ("svg", "png"):
            (folder / f"{name}.{suffix}").unlink(missing_ok=True)
    if not pictures.tiles:
        (folder / SHEET).unlink(missing_ok=True)
