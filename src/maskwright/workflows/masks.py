"""Draw the label maps of a COCO file: one PNG an image, in parallel, with every annotation accounted for."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from maskwright.annotations.coco.file import CocoFile, read_coco
from maskwright.annotations.faults import Audit
from maskwright.annotations.selection.empty_classes import count_objects, require_masks
from maskwright.annotations.selection.select import audit_of_reading
from maskwright.errors import DataError, MaskwrightError, UsageError, some_of, unknown_name
from maskwright.files import sha256_of, write_json
from maskwright.label_maps.drawing import IGNORED, DrawingChunk, DrawnChunk, draw_chunk
from maskwright.label_maps.files import mask_files, write_classes
from maskwright.label_maps.job import MaskJob
from maskwright.label_maps.options import MaskOptions
from maskwright.label_maps.overlap_report import OverlapReport
from maskwright.label_maps.plan import MaskPlan, mask_plan
from maskwright.outputs.output import Output
from maskwright.outputs.writing import move_new, output_folder, remove_own
from maskwright.parallel.pool import ENGINES, cores, may_fork, parallel_map
from maskwright.progress import Reporter
from maskwright.structures import ClassTable
from maskwright.version import __version__

INSTANCES = "instances.json"

# Large enough to make sending a part cheap, small enough to lose little when a job is killed.
_IMAGES_PER_PART = 32
# A spawned process starts in the time in which some thousand images are drawn; a forked one starts at once.
_IMAGES_WORTH_A_FORK, _IMAGES_WORTH_A_START = 150, 2000


@dataclass
class MasksSummary:
    """The result of a mask job, with the audit of the annotations.

    ``kept`` of the ``files`` existed already, from the same job. ``shared_pixels`` counts pixels under several objects,
    once for each object beyond the first. ``without_objects`` images have no label map, as they show no chosen object.
    ``overlaps`` is None unless it was asked for. ``remarks`` name the classes in no group.
    """

    folder: Path
    table: ClassTable
    files: int
    kept: int
    audit: Audit
    shared_pixels: int
    without_objects: int = 0
    overlaps: OverlapReport | None = None
    remarks: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "folder": str(self.folder),
            "files": self.files,
            "kept": self.kept,
            "images_without_objects_left_out": self.without_objects,
            "classes": self.table.to_json(),
            "shared_pixels": self.shared_pixels,
            "annotations": self.audit.to_json(),
            "remarks": self.remarks,
            **({"overlaps": self.overlaps.to_json()} if self.overlaps else {}),
        }


def masks(
    annotations: str | Path,
    out: str | Path,
    *,
    options: MaskOptions | None = None,
    workers: int | None = None,
    engine: str = "local",
    address: str | None = None,
    overwrite: bool = False,
    allow_empty_classes: bool = False,
    reporter: Reporter | None = None,
    **settings: Any,
) -> MasksSummary:
    """Draw the label map of every image of a COCO file as a PNG, with ``classes.json`` and ``classes.txt``.

    Masks equal pycocotools' to the pixel. Images are not read; their sizes come from the annotation file. A killed job
    continues where it stopped when it is called again.

    Args:
        annotations: The COCO JSON file.
        out: The folder for the label maps. The mode ``instance`` also writes ``instances.json`` there, which describes
            each number; ``audit`` also writes what the overlap rules decide.
        options: What to draw: classes, overlap rule and the like, see :class:`MaskOptions`.
        workers: How many processes draw. 0 draws in this process; None chooses by the number of images.
        engine: ``local``, or ``ray`` to draw on a Ray cluster.
        address: The address of the Ray cluster, or ``auto``; None starts one on this machine.
        overwrite: Replace the label maps of another job, and files of these names that no job wrote.
        allow_empty_classes: Draw also where the file shows no object of the classes, so that every label map is empty.
        reporter: Where progress goes; standard error by default.
        **settings: Fields of :class:`MaskOptions`, which replace those of ``options``.

    Returns:
        The class table, the number of files, and the audit of the annotations.

    Raises:
        UsageError: A name is unknown, options contradict each other, or ``out`` holds other files of these names.
        DataError: Two images would share one label map, nothing would be drawn, or the file is no COCO JSON.
        MaskwrightError: A worker process was killed three times, or Ray cannot be used.

    Example:
        >>> import maskwright as mw
        >>> drawn = mw.draw_masks("labels.json", "masks", classes=["ring", "disc"], overlap="smallest")
        >>> drawn.files, drawn.table.names
        (12, ['ring', 'disc'])
    """
    annotations, out = Path(annotations), Path(out)
    options = replace(options or MaskOptions(), **settings)
    _require_engine(engine, address, workers)
    reporter = reporter or Reporter()
    coco = read_coco(annotations)
    require_masks(coco)
    plan = mask_plan(coco, options)
    if not allow_empty_classes:
        _require_objects(coco, plan)
    output = Output("masks", out, reporter.notice, [annotations], overwrite)
    with output_folder(output, expected=_names_beside(options), in_place=True) as staging:
        parts, left_out = _parts(coco, plan, staging.absolute())
        identity = {"annotations": sha256_of(annotations), "version": __version__, **plan.settings()}
        job = MaskJob(out, identity, [part.files for part in parts], [image.file_name for image in coco.images])
        kept = _started(job, output)
        todo = [part for part in parts if tuple(part.files) not in kept]
        files = sum(len(part.files) for part in todo)
        processes = _workers(workers, files) if engine == "local" else workers or 0
        with closing(parallel_map(draw_chunk, todo, workers=processes, engine=engine, address=address)) as results:
            moved = _moved(results, job, staging, overwrite)
            drawn = dict(_drawn(moved, reporter, f"masks of {annotations.name}", files))
        # In the order of the parts, so that a job that was killed and continued gives the same result.
        done = [drawn[files] if files in drawn else kept[files] for files in job.parts]
        _require_written(done, out, engine)
        summary = _summary(out, coco, plan, done, left_out)
        _write_beside(staging, summary, coco, plan, done)
    return replace(summary, kept=sum(len(files) for files in kept))


def _names_beside(options: MaskOptions) -> list[str]:
    """Return the names of the files beside the label maps."""
    names = ["classes.json", "classes.txt", *([INSTANCES] if options.mode == "instance" else [])]
    return [*names, *(["overlap_audit.json", "overlap_audit.png"] if options.audit else [])]


def _started(job: MaskJob, output: Output) -> dict[tuple[str, ...], DrawnChunk]:
    """Start the ``job`` and return the parts of it that are finished already.

    Raises ``UsageError`` when the folder holds what it must not replace.
    """
    for path in (job.path, *(job.folder / name for name in job.foreign())):
        output.require_possible(path)
    kept = job.finished(bool(output.overwrite))
    job.start(list(kept.values()))
    if not kept:
        remove_own(output)
    return kept


def _summary(
    out: Path, coco: CocoFile, plan: MaskPlan, done: Sequence[DrawnChunk], skipped: Sequence[int]
) -> MasksSummary:
    """Return the summary; ``skipped`` has the number of annotations of each image without a label map."""
    audit = audit_of_reading(coco)
    for part in done:
        part.add_to(audit)
    audit.found += sum(skipped)
    audit.skip("image_without_objects", sum(skipped))
    overlaps = OverlapReport.of(done, plan.drawing) if plan.options.audit else None
    files, shared = sum(len(part.files) for part in done), sum(part.shared for part in done)
    return MasksSummary(out, plan.table, files, 0, audit, shared, len(skipped), overlaps, plan.remarks)


def _write_beside(
    folder: Path, summary: MasksSummary, coco: CocoFile, plan: MaskPlan, done: Sequence[DrawnChunk]
) -> None:
    """Write the files beside the label maps into ``folder``."""
    write_classes(folder, plan.table)
    if plan.options.mode == "instance":
        write_json(folder / INSTANCES, {file: objects for part in done for file, objects in part.instances.items()})
    if summary.overlaps is not None:
        # Imported here: it imports matplotlib, which takes as long as drawing hundreds of label maps.
        from maskwright.reports.pictures.overlap_audit import write_overlap_audit

        write_overlap_audit(folder, summary.overlaps, coco, plan.labels)


def _parts(coco: CocoFile, plan: MaskPlan, folder: Path) -> tuple[list[DrawingChunk], list[int]]:
    """Return the parts of the job, and the number of annotations of each image skipped for want of an object."""
    files = mask_files([image.file_name for image in coco.images])
    by_image = coco.by_image()
    images, left_out = [], []
    for image in coco.images:
        annotations = by_image[image.id]
        if not plan.options.only_with_objects or any(plan.labels.get(a.category_id, IGNORED) for a in annotations):
            images.append((image, annotations))
        else:
            left_out.append(len(annotations))
    chunks = [images[start : start + _IMAGES_PER_PART] for start in range(0, len(images), _IMAGES_PER_PART)]
    parts = [
        DrawingChunk(c, [files[image.file_name] for image, _ in c], folder, plan.labels, plan.drawing) for c in chunks
    ]
    return parts, left_out


def _require_objects(coco: CocoFile, plan: MaskPlan) -> None:
    if (coco.images or coco.annotations_found) and not count_objects(coco, plan.labels):
        names = some_of(plan.table.names, 8) or "any category, because it lists none that can be used"
        raise DataError(
            f"{coco.path}: has no object of {names}, so that every label map would be empty; "
            "expected one at least. Choose other --classes, or draw them all the same with --allow-empty-classes."
        )


def _require_engine(engine: str, address: str | None, workers: int | None) -> None:
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    if workers is not None and workers < 0:
        raise UsageError(f"--workers {workers}: expected 0 (draw in this process) or more.")
    if address is not None and engine != "ray":
        raise UsageError(f"--address {address}: goes with --engine ray, not with --engine {engine}.")


def _workers(wanted: int | None, images: int) -> int:
    if wanted is not None:
        return wanted
    return cores() if images >= (_IMAGES_WORTH_A_FORK if may_fork() else _IMAGES_WORTH_A_START) else 0


def _moved(results: Iterable[DrawnChunk], job: MaskJob, staging: Path, overwrite: bool) -> Iterator[DrawnChunk]:
    """Yield each part once it is in the journal and its label maps are moved from ``staging`` to their places."""
    for part in results:
        job.add(part)
        for file in part.files:
            # A machine of a cluster that shares no folder with this one has written it elsewhere.
            if (staging / file).exists():
                move_new(staging / file, job.folder / file, replace=overwrite)
                (staging / file).unlink(missing_ok=True)
        yield part


def _drawn(
    results: Iterable[DrawnChunk], reporter: Reporter, what: str, files: int
) -> Iterator[tuple[tuple[str, ...], DrawnChunk]]:
    """Yield each part with its files; the progress counts images."""

    def images() -> Iterator[DrawnChunk | None]:
        for part in results:
            yield part
            yield from [None] * (len(part.files) - 1)

    for part in reporter.track(images(), what, files):
        if part is not None:
            yield tuple(part.files), part


def _require_written(done: Sequence[DrawnChunk], out: Path, engine: str) -> None:
    """Raise ``MaskwrightError`` when label maps drawn on other machines are not in ``out``."""
    if engine == "local":
        return
    there = {entry.name for entry in out.iterdir()}
    missing = [file for part in done for file in part.files if file not in there]
    if missing:
        raise MaskwrightError(
            f"{out}: {len(missing)} label maps drawn on other machines are not here, such as {missing[0]}; expected a "
            "folder that all machines of the cluster share. Choose such an --out."
        )
