"""Label maps from a COCO file: one PNG an image, drawn in parallel, with every annotation accounted for."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from maskwright.annotations.categories import class_table, label_by_category
from maskwright.annotations.coco import CocoAnnotation, CocoFile, CocoImage, read_coco
from maskwright.annotations.faults import Audit
from maskwright.annotations.objects import ImageObjects, draw_objects
from maskwright.annotations.selection import audit_of_reading
from maskwright.errors import DataError, UsageError, unknown_name
from maskwright.files import write_json, write_text
from maskwright.masks.label_map import draw_label_map
from maskwright.masks.overlap import OVERLAP_RULES
from maskwright.masks.png import write_label_map
from maskwright.structures import ClassTable
from maskwright.workflows.progress import Reporter

MODES = ("multiclass", "binary")
CROWD_RULES = ("ignore", "include", "skip")

# Starting processes takes about a second, in which one process draws some hundred images.
_IMAGES_WORTH_A_POOL = 1000


@dataclass(frozen=True)
class Drawing:
    """How label maps are drawn: the same for every image of a job."""

    overlap: str = "last"
    crowd: str = "ignore"
    ignore_index: int = 255
    wide: bool = False


@dataclass
class MasksSummary:
    """What was drawn, and where every annotation went."""

    folder: Path
    table: ClassTable
    files: int
    audit: Audit

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "folder": str(self.folder),
            "files": self.files,
            "classes": self.table.to_json(),
            "annotations": self.audit.to_json(),
        }


def masks(
    annotations: Path,
    out: Path,
    *,
    mode: str = "multiclass",
    classes: Sequence[str] | None = None,
    overlap: str = "last",
    crowd: str = "ignore",
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> MasksSummary:
    """Draw the label map of every image of a COCO file into ``out``, with ``classes.json`` and ``classes.txt``.

    ``mode`` is ``multiclass`` (one label a class) or ``binary`` (1 where any object is). ``crowd`` regions are
    ignored where no object lies, drawn like objects (``include``) or left out (``skip``). Images themselves are not
    read. ``workers`` processes draw; 0 draws in this one, None takes as many as pay off.

    Raises ``UsageError`` for an unknown name, ``DataError`` when two images would share one mask file.
    """
    for kind, value, known in (
        ("mode", mode, MODES),
        ("overlap rule", overlap, OVERLAP_RULES),
        ("crowd rule", crowd, CROWD_RULES),
    ):
        if value not in known:
            raise unknown_name(kind, value, known)
    if workers is not None and workers < 0:
        raise UsageError(f"--workers {workers}: expected 0 (draw in this process) or more.")
    coco = read_coco(annotations)
    table, labels = _labels(coco, mode, classes)
    drawing = Drawing(overlap, crowd, table.ignore_index, wide=len(table) > 254)
    files = mask_files([image.file_name for image in coco.images])
    reporter = reporter or Reporter()
    audit = audit_of_reading(coco)
    tasks = [(image, objects, labels, drawing, out / files[image.file_name]) for image, objects in _with_objects(coco)]
    if workers is None:
        workers = (os.cpu_count() or 1) if len(tasks) >= _IMAGES_WORTH_A_POOL else 0
    for part in reporter.track(_each(tasks, workers), f"masks of {annotations.name}", len(tasks)):
        audit.add(part)
    write_classes(out, table)
    return MasksSummary(out, table, len(tasks), audit)


def write_classes(folder: Path, table: ClassTable) -> None:
    """Write ``classes.json`` and ``classes.txt`` (one name a line, background first) into ``folder``."""
    write_json(folder / "classes.json", table.to_json())
    write_text(folder / "classes.txt", "".join(f"{name}\n" for name in table.names_with_background))


def mask_files(names: Sequence[str]) -> dict[str, str]:
    """The mask file ``<stem>.png`` of each image file name; ``DataError`` when two images would share one."""
    owners: dict[str, str] = {}
    files = {}
    for name in names:
        file = f"{PurePosixPath(name.replace(chr(92), '/')).stem}.png"
        # Some file systems take Cat.png and cat.png for one file.
        other = owners.setdefault(file.lower(), name)
        if other != name or name in files:
            raise DataError(
                f"The images '{other}' and '{name}' would share the mask file {file}; expected file names that differ "
                "before their suffix. Rename one of the images."
            )
        files[name] = file
    return files


def draw_image(objects: ImageObjects, drawing: Drawing, path: Path) -> None:
    """Draw and write the label map of one image's objects."""
    crowd_alone = [c and drawing.crowd != "include" for c in objects.crowd]
    painted = [i for i, alone in enumerate(crowd_alone) if not alone]
    ignored = [objects.drawn[i].rle for i, alone in enumerate(crowd_alone) if alone and drawing.crowd == "ignore"]
    label_map = draw_label_map(
        (objects.image.height, objects.image.width),
        [objects.drawn[i].rle for i in painted],
        [objects.labels[i] for i in painted],
        [objects.drawn[i].area for i in painted],
        rule=drawing.overlap,
        ignored=ignored,
        ignore_index=drawing.ignore_index,
        dtype=np.uint16 if drawing.wide else np.uint8,
    )
    write_label_map(path, label_map)


def _labels(coco: CocoFile, mode: str, classes: Sequence[str] | None) -> tuple[ClassTable, dict[int, int]]:
    table = class_table(coco, classes)
    labels = label_by_category(coco, table)
    if mode == "binary":
        ids = tuple(sorted(labels))
        return ClassTable.from_names(["foreground"], [ids]), dict.fromkeys(ids, 1)
    return table, labels


def _with_objects(coco: CocoFile) -> Iterator[tuple[CocoImage, list[CocoAnnotation]]]:
    by_image = coco.by_image()
    for image in coco.images:
        yield image, by_image[image.id]


_Task = tuple[CocoImage, list[CocoAnnotation], dict[int, int], Drawing, Path]


def _each(tasks: Sequence[_Task], workers: int) -> Iterator[Audit]:
    """Draw every image, in this process or in a pool; the audits come in the order of the tasks."""
    if workers == 0:
        yield from map(_draw, tasks)
        return
    # Spawned, not forked: forking a process that has threads (NumPy's, a notebook's) can deadlock.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_draw, tasks, chunksize=max(1, min(64, len(tasks) // (4 * workers) or 1)))


def _draw(task: _Task) -> Audit:
    image, annotations, labels, drawing, path = task
    audit = Audit("")
    draw_image(draw_objects(image, annotations, labels, audit), drawing, path)
    return audit
