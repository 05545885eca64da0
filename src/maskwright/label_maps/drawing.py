"""Drawing of label maps in chunks; a chunk's result depends on the chunk alone, so that any engine can draw it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.annotations.coco.file import CocoAnnotation, CocoImage
from maskwright.annotations.faults import Audit, Fault
from maskwright.annotations.objects import ImageObjects, draw_objects
from maskwright.errors import DataError
from maskwright.files import write_bytes
from maskwright.masks.bands import pixel_bands
from maskwright.masks.buffers import Buffers
from maskwright.masks.label_map import draw_label_map
from maskwright.masks.overlap_audit import moves_by_rule
from maskwright.masks.png import encode_png
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.structures import ClassTable, LabelMap

# Stands for a label: the pixels are ignored where no object lies, whatever the crowd rule.
IGNORED = 0

# The most that 16 bits can number; the largest label is reserved for ignored pixels.
_MOST_INSTANCES = 65534


@dataclass(frozen=True)
class Drawing:
    """The settings by which label maps are drawn, the same for every image of a job.

    With ``by_instance`` the value of a pixel is the position of its object (from 1), in 16 bits, instead of its class.
    ``weights`` by label (from 1) belong to the rule ``priority``. ``audit_rules`` are compared with the rule ``last``.
    """

    table: ClassTable
    overlap: str = "last"
    crowd: str = "ignore"
    by_instance: bool = False
    palette: bool = True
    weights: tuple[float, ...] = ()
    audit_rules: tuple[str, ...] = ()

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """The dtype of the label maps: uint16 with ``by_instance``, else that of the class table."""
        return np.uint16 if self.by_instance else self.table.label_dtype

    @property
    def ignore_index(self) -> int:
        """The label of ignored pixels, which are excluded from training and from scores: the largest of ``dtype``."""
        return int(np.iinfo(self.dtype).max)

    @cached_property
    def colors(self) -> npt.NDArray[np.uint8] | None:
        """The palette ``(256, 3)`` uint8 that a viewer shows; None for grey files."""
        return self.table.png_palette() if self.palette and not self.by_instance else None


@dataclass
class DrawingChunk:
    """Some images of a job, each with its annotations and the name of its mask file.

    ``labels`` gives the class index, or ``IGNORED`` for ignored classes, by category id.
    """

    images: Sequence[tuple[CocoImage, list[CocoAnnotation]]]
    files: Sequence[str]
    folder: Path
    labels: Mapping[int, int]
    drawing: Drawing

    def __str__(self) -> str:
        names = [image.file_name for image, _ in self.images]
        return f"the images '{names[0]}' to '{names[-1]}'"


@dataclass
class DrawnChunk:
    """The result of a :class:`DrawingChunk`, in types that JSON has.

    ``found``, ``used``, ``skipped`` and ``faults`` are those of the audit. ``shared`` counts the pixels that several
    painted objects cover, once for each object beyond the first. ``moves`` lists ``[label by last, label by rule,
    pixels]`` by rule, ``moved`` the pixels that each rule changes by file, ``instances`` the objects by file.
    """

    files: list[str]
    found: int = 0
    used: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    shared: int = 0
    moves: dict[str, list[list[int]]] = field(default_factory=dict)
    moved: dict[str, dict[str, int]] = field(default_factory=dict)
    instances: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add_to(self, audit: Audit) -> None:
        """Add the counts and faults to ``audit``."""
        audit.found += self.found
        audit.used += self.used
        audit.skipped.update(self.skipped)
        audit.faults += self.faults


def draw_chunk(part: DrawingChunk) -> DrawnChunk:
    """Draw and write the label map of each image of ``part``, and return the counts.

    Raises what :func:`render_label_map` raises.
    """
    # Small pictures: OpenCV's threads would wait for each other longer than they work.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        # Drawing makes no reference cycle, and every search for one would visit all annotations of a large file.
        with collector_paused():
            return _draw_chunk(part)
    finally:
        cv2.setNumThreads(threads)


def _draw_chunk(part: DrawingChunk) -> DrawnChunk:
    audit, buffers = Audit(""), Buffers()
    done = DrawnChunk(list(part.files))
    for (image, annotations), file in zip(part.images, part.files, strict=True):
        objects = draw_objects(image, annotations, part.labels, audit)
        label_map = render_label_map(objects, part.drawing, buffers)
        _write(part.folder / file, label_map, part.drawing, buffers)
        painted, ignored = painted_and_ignored(objects, part.drawing)
        areas = [objects.drawn[i].area for i in painted]
        shared = sum(areas) - _covered(label_map, part.drawing.ignore_index, bool(ignored or objects.ignored))
        done.shared += shared
        if part.drawing.by_instance:
            done.instances[file] = _instances(objects, painted, part.drawing.table)
        if part.drawing.audit_rules and shared:
            _compare_rules(done, file, objects, painted, areas, part.drawing, buffers)
    done.found, done.used, done.skipped, done.faults = audit.found, audit.used, dict(audit.skipped), audit.faults
    return done


def write_image_label_map(objects: ImageObjects, drawing: Drawing, path: Path) -> None:
    """Draw the label map of one image's ``objects`` and write it to ``path``.

    Raises what :func:`render_label_map` raises.
    """
    buffers = Buffers()
    _write(path, render_label_map(objects, drawing, buffers), drawing, buffers)


def render_label_map(objects: ImageObjects, drawing: Drawing, buffers: Buffers | None = None) -> LabelMap:
    """Return the label map ``(H, W)`` of one image's ``objects``, valid until ``buffers`` are used again.

    Raises ``DataError`` when it has more instances than 16 bits can number.
    """
    painted, ignored = painted_and_ignored(objects, drawing)
    if drawing.by_instance and len(painted) > _MOST_INSTANCES:
        raise DataError(
            f"Image {objects.image.id} ('{objects.image.file_name}') has {len(painted)} objects; an instance map holds "
            f"at most {_MOST_INSTANCES}. Draw fewer classes, or cut the image into tiles."
        )
    labels = [objects.labels[i] for i in painted]
    return draw_label_map(
        (objects.image.height, objects.image.width),
        [objects.drawn[i].rle for i in painted],
        labels,
        [objects.drawn[i].area for i in painted],
        rule=drawing.overlap,
        ignored=[*(objects.drawn[i].rle for i in ignored), *(drawn.rle for drawn in objects.ignored)],
        ignore_index=drawing.ignore_index,
        dtype=drawing.dtype,
        weights=[drawing.weights[label - 1] for label in labels] if drawing.weights else (),
        values=range(1, len(painted) + 1) if drawing.by_instance else None,
        buffers=buffers,
    )


def painted_and_ignored(objects: ImageObjects, drawing: Drawing) -> tuple[list[int], list[int]]:
    """Return the positions of the objects to paint and of those whose pixels are ignored, in file order."""
    painted, ignored = [], []
    for i, (label, crowd) in enumerate(zip(objects.labels, objects.crowd, strict=True)):
        if label == IGNORED or (crowd and drawing.crowd == "ignore"):
            ignored.append(i)
        elif not crowd or drawing.crowd == "include":
            painted.append(i)
    return painted, ignored


def _write(path: Path, label_map: LabelMap, drawing: Drawing, buffers: Buffers) -> None:
    write_bytes(path, encode_png(path, label_map, drawing.colors, buffers))


def _covered(label_map: LabelMap, ignore_index: int, ignored: bool) -> int:
    """Return how many pixels belong to a painted object; ``ignored`` is whether there may be ignored pixels."""
    without = (np.count_nonzero(band == ignore_index) for (band,) in pixel_bands(label_map) if ignored)
    return cv2.countNonZero(label_map) - int(sum(without))


def _instances(objects: ImageObjects, painted: Sequence[int], table: ClassTable) -> list[dict[str, Any]]:
    return [
        {
            "value": value,
            "annotation": objects.ids[i],
            "index": objects.labels[i],
            "name": table.classes[objects.labels[i] - 1].name,
        }
        for value, i in enumerate(painted, start=1)
    ]


def _compare_rules(
    done: DrawnChunk,
    file: str,
    objects: ImageObjects,
    painted: Sequence[int],
    areas: Sequence[int],
    drawing: Drawing,
    buffers: Buffers,
) -> None:
    labels = [objects.labels[i] for i in painted]
    by_rule = moves_by_rule(
        (objects.image.height, objects.image.width),
        [objects.drawn[i].rle for i in painted],
        labels,
        areas,
        drawing.audit_rules,
        [drawing.weights[label - 1] for label in labels] if drawing.weights else (),
        buffers,
    )
    for rule, moves in by_rule.items():
        totals = {(before, after): pixels for before, after, pixels in done.moves.get(rule, [])}
        for pair, pixels in moves.items():
            totals[pair] = totals.get(pair, 0) + pixels
        done.moves[rule] = [[*pair, pixels] for pair, pixels in sorted(totals.items())]
        if moves:
            done.moved.setdefault(rule, {})[file] = sum(moves.values())
