"""Count what a COCO file holds, image by image, and show it as figures, pictures and a page."""

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
from maskwright.outputs.output import Output
from maskwright.outputs.writing import output_folder
from maskwright.progress import Reporter
from maskwright.reports.explore.contact_sheet import draw_pictures
from maskwright.reports.explore.figures import explore_figures
from maskwright.reports.explore.page import PagePictures, render_explore_page
from maskwright.reports.plots.figure_files import write_figure
from maskwright.reports.shown_figure import ShownFigure
from maskwright.structures import ClassTable

PAGE, STATISTICS = "explore.html", "statistics.json"


@dataclass
class Exploration:
    """The statistics of the file ``source``, and the audit of its annotations.

    ``unread`` counts the rejected records of images and categories by fault code. ``page`` is the page that was
    written, or None. ``remarks`` name the images and classes that the contact sheet lacks.
    """

    source: Path
    statistics: Statistics
    audit: Audit
    unread: dict[str, dict[str, int]]
    page: Path | None = None
    remarks: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return what ``statistics.json`` holds and ``--json`` prints."""
        return {
            "source": str(self.source),
            **self.statistics.to_json(),
            "annotations": self.audit.to_json(),
            "unread": self.unread,
        }


def explore(
    annotations: str | Path,
    *,
    images: str | Path | None = None,
    classes: Sequence[str] | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> Exploration:
    """Count the classes, object sizes and overlaps of a COCO file.

    All numbers come from the annotation file alone; images are read for pictures only.

    Args:
        annotations: The COCO JSON file.
        images: The folder of its images. With it the page shows a contact sheet of images with their masks.
        classes: The class names to count; None for all.
        out: A folder for ``explore.html``, ``statistics.json`` and ``figures/``. Other files in it stay as they are.
        overwrite: Replace files of these names in ``out`` that no earlier exploration wrote.
        reporter: Where progress goes; standard error by default.

    Returns:
        The statistics, the audit of the annotations, and the path of the page.

    Raises:
        UsageError: A class is unknown, a file or folder is missing, ``images`` comes without ``out``, or ``out`` holds
            files of these names that no exploration wrote.
        DataError: The file is no COCO JSON.

    Example:
        >>> import maskwright as mw
        >>> found = mw.explore("labels.json", images="photos", out="explored")
        >>> found.audit.found == found.audit.used
        True
        >>> found.page.as_posix()
        'explored/explore.html'
    """
    annotations = Path(annotations)
    images, out = (Path(path) if path is not None else None for path in (images, out))
    if images is not None and out is None:
        raise UsageError(
            f"--images {images}: has no effect without --out; expected a folder for the pictures. Add --out."
        )
    if images is not None:
        require_folder(images, "images")
    reporter = reporter or Reporter()
    coco = read_coco(annotations)
    table = class_table(coco, classes)
    statistics, audit, seen = _count(coco, table, reporter)
    left_out = {"images": dict(rejected_records(coco, "image")), "categories": dict(rejected_records(coco, "category"))}
    found = Exploration(annotations, statistics, audit, left_out)
    if out is not None:
        output = Output("explore", out, reporter.notice, [annotations], overwrite)
        with output_folder(output, expected=(PAGE, STATISTICS)) as staging:
            pictures = PagePictures()
            if images is not None:
                order, folder = statistics.by_frequency(), staging / "figures"
                pictures, found.remarks = draw_pictures(coco, table, order, seen, images, folder, reporter)
            _write(found, staging, pictures, all_classes=classes is None)
        found.page = out / PAGE
    return found


def _count(coco: CocoFile, table: ClassTable, reporter: Reporter) -> tuple[Statistics, Audit, list[set[int]]]:
    """Return the statistics of all images, the audit of the file, and the class indices that each image shows."""
    statistics, audit = Statistics(table), audit_of_reading(coco)
    labels, by_image = label_by_category(coco, table), coco.by_image()
    seen = []
    for image in reporter.track(coco.images, f"objects of {coco.path.name}"):
        objects = draw_objects(image, by_image[image.id], labels, audit)
        statistics.add(objects)
        columns = zip(objects.labels, objects.drawn, objects.crowd, strict=True)
        seen.append({label for label, drawn, crowd in columns if drawn.area and not crowd})
    return statistics, audit, seen


def _write(found: Exploration, out: Path, pictures: PagePictures, all_classes: bool) -> None:
    """Write the figures, the numbers and the page."""
    figures = {}
    for drawn in explore_figures(found.statistics):
        write_figure(out / "figures", drawn.name, drawn.figure, drawn.svg)
        figures[drawn.name] = ShownFigure.of(drawn)
    write_json(out / STATISTICS, found.to_json())
    # Two parts of the path tell data sets apart, and the page names no other folder of the machine.
    name = "/".join(found.source.resolve().parts[-2:])
    audit = replace(found.audit, source=name)
    write_text(out / PAGE, render_explore_page(name, found.statistics, audit, figures, pictures, all_classes))
