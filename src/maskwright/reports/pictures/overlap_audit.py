"""The files of the overlap audit of a mask job: the counts, and a picture of the images that the rule changes most."""

from collections.abc import Mapping
from pathlib import Path

from maskwright.annotations.coco.file import CocoFile
from maskwright.files import write_json
from maskwright.images.encode import write_png
from maskwright.label_maps.overlap_report import OverlapReport
from maskwright.reports.pictures.overlap_sheet import OverlapRow, overlap_sheet

_LAST = "last"


def write_overlap_audit(folder: Path, overlaps: OverlapReport, coco: CocoFile, labels: Mapping[int, int]) -> None:
    """Write ``overlap_audit.json``, and ``overlap_audit.png`` with the images that the compared rule changes most.

    ``labels`` gives the class index by category id. Where no pixel changes its label, no picture is written and an
    older one is removed.
    """
    write_json(folder / "overlap_audit.json", overlaps.to_json())
    picture, rule = folder / "overlap_audit.png", overlaps.compared
    worst = overlaps.worst_objects(coco, labels)
    if not worst:
        picture.unlink(missing_ok=True)
        return
    # Two maps of a large image take as much memory as there may be of it.
    rows = (OverlapRow(o.image.file_name, overlaps.label_map(o, _LAST), overlaps.label_map(o, rule)) for o in worst)
    write_png(picture, overlap_sheet(rows, overlaps.drawing.table, _LAST, rule))
