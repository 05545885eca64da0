"""Convert annotations between formats: exact masks, classes by name, and a count of every difference."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from maskwright.annotations.formats import READERS, WRITERS, FormatWriter
from maskwright.annotations.formats.conversion_audit import ConversionAudit, changes_json
from maskwright.annotations.formats.dataset import AnnotatedDataset, ReadOptions, WriteOptions
from maskwright.annotations.formats.image_files import name_fault
from maskwright.annotations.formats.yolo_layout import parts_in_place_of_others
from maskwright.errors import UsageError, require_folder, unknown_name
from maskwright.masks.overlap import OVERLAP_RULES
from maskwright.outputs.output import Output
from maskwright.outputs.staging import clear_staging
from maskwright.outputs.writing import new_output_folder, output_files
from maskwright.progress import Reporter

HOLES = ("keep", "fill")
# Not `priority`, which needs the weights of groups.
OVERLAPS = tuple(rule for rule in OVERLAP_RULES if rule != "priority")

# The formats for which an option has an effect.
_TARGETS_WITH_HOLES = ("yolo", "labelme")
_TARGETS_WITHOUT_OVERLAP = ("voc", "label-maps")
_SOURCES_WITHOUT_OBJECTS = ("voc", "label-maps")


@dataclass
class ConvertSummary:
    """The result of a conversion.

    ``classes`` are the names in the order of their labels. ``audits`` has the audit of each of the ``sources``, in
    their order. ``remarks`` say what the target lacks.
    """

    source_format: str
    target_format: str
    out: Path
    classes: list[str]
    sources: list[Path]
    audits: list[ConversionAudit]
    remarks: list[str] = field(default_factory=list)

    @property
    def images(self) -> int:
        """The number of images written."""
        return sum(account.images_written for account in self.audits)

    @property
    def objects(self) -> int:
        """The number of objects written."""
        return sum(account.objects.used for account in self.audits)

    @property
    def changes(self) -> list[dict[str, Any]]:
        """The differences of the target, summed over the sources: ``[{"code", "count", "exact", "meaning"}]``.

        ``exact`` is true where the mask stays the same to the pixel.
        """
        return changes_json(sum((account.changes for account in self.audits), Counter()))

    @property
    def fields(self) -> dict[str, int]:
        """The number of records by field that has a value and that the target format does not hold."""
        return dict(sorted(sum((account.fields for account in self.audits), Counter()).items()))

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "from": self.source_format,
            "to": self.target_format,
            "out": str(self.out),
            "classes": self.classes,
            "images": self.images,
            "objects": self.objects,
            "changes": self.changes,
            "fields": self.fields,
            "remarks": self.remarks,
            "sources": [
                {"source": str(path), **account.to_json()}
                for path, account in zip(self.sources, self.audits, strict=True)
            ],
        }


def convert(
    sources: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    source_format: str,
    target_format: str,
    images: str | Path | Sequence[str | Path] = (),
    classes: Sequence[str] | None = None,
    parts: Sequence[str] = (),
    holes: str | None = None,
    overlap: str | None = None,
    components: bool = False,
    copy_images: bool = False,
    reporter: Reporter | None = None,
) -> ConvertSummary:
    """Convert annotations into another format as one data set.

    Nothing is overwritten, and nothing appears at ``out`` before all is converted.

    Args:
        sources: The annotation file or folder, or several of them.
        out: A new folder; for ``coco`` also a new ``.json`` file.
        source_format: ``coco``, ``yolo``, ``voc``, ``labelme``, ``cityscapes`` or ``label-maps``.
        target_format: ``coco``, ``yolo``, ``voc``, ``labelme`` or ``label-maps``.
        images: The folder of the images: one for all sources, or one for each.
        classes: The class names to convert, in the order of their labels; None for all.
        parts: The part that each source becomes, such as ``("train", "val")``. Needed for several sources.
        holes: For ``yolo`` and ``labelme``, what becomes of holes: ``keep`` (the default) or ``fill``.
        overlap: For ``voc`` and ``label-maps``, which object gets a shared pixel: ``last`` (the default), ``first``,
            ``smallest`` or ``highest-index``.
        components: From ``voc`` and ``label-maps``, make an object of each connected component instead of each class.
        copy_images: Copy the image files into ``out`` too.
        reporter: Where progress goes; standard error by default.

    Returns:
        The numbers of images and objects, the audit of each source, and the differences of the target by kind.

    Raises:
        UsageError: A format, class or option is unknown or does not fit the others, a file or folder is missing, or
            ``out`` exists and is not empty.
        DataError: A source cannot be read as its format.

    Example:
        >>> import maskwright as mw
        >>> done = mw.convert("labels.json", "yolo", source_format="coco", target_format="yolo", images="photos")
        >>> done.images, done.classes
        (12, ['disc', 'square', 'triangle', 'ring'])
    """
    paths, image_folders, out = _paths(sources), _paths(images), Path(out)
    _check_formats(source_format, target_format)
    _check_options(source_format, target_format, holes, overlap, components)
    _check_parts(paths, image_folders, parts)
    folders = [require_folder(folder, "images") for folder in image_folders] or [None]
    folders = folders * len(paths) if len(folders) == 1 else folders
    datasets = [
        READERS[source_format](path, ReadOptions(folder, classes, components))
        for path, folder in zip(paths, folders, strict=True)
    ]
    if parts:
        datasets = [_as_part(dataset, part) for dataset, part in zip(datasets, parts, strict=True)]
    names = list(dict.fromkeys(name for dataset in datasets for name in dataset.classes))
    all_parts = list(dict.fromkeys(part for dataset in datasets for part in dataset.parts))
    reporter, writing = reporter or Reporter(), WriteOptions(holes or "keep", overlap or "last", copy_images)
    output = Output("convert", out, reporter.notice, paths)
    clear_staging(output, out.resolve().parent, out.resolve().name)
    _check_out(out, paths, target_format, all_parts, copy_images)
    with _place(output, target_format) as place:
        writer = WRITERS[target_format](place, names, writing)
        for dataset in datasets:
            _write(dataset, writer, reporter)
        writer.finish(all_parts)
    audits = [each.audit for each in datasets]
    remarks = _remarks(target_format, all_parts, audits)
    return ConvertSummary(source_format, target_format, out, names, paths, audits, remarks)


def _remarks(target: str, parts: Sequence[str | None], audits: Sequence[ConversionAudit]) -> list[str]:
    """Return remarks on a YOLO folder without validation images or without its crowd regions."""
    if target != "yolo":
        return []
    remarks = []
    if parts_in_place_of_others([part or "train" for part in parts]).get("val") == "train":
        remarks.append(
            "data.yaml: val names the training images, because YOLO's tools need the key and there is no such part. "
            "Split first (maskwright split), then convert the files as --parts train,val."
        )
    crowds = sum(account.objects.skipped["crowd"] for account in audits)
    if crowds:
        remarks.append(f"{crowds} crowd regions are not written: a line of YOLO cannot say that it shows many objects.")
    return remarks


def _paths(given: str | Path | Sequence[str | Path]) -> list[Path]:
    """Return one path, or several, as a list."""
    return [Path(given)] if isinstance(given, str | Path) else [Path(each) for each in given]


def _write(dataset: AnnotatedDataset, writer: FormatWriter, reporter: Reporter) -> None:
    account = dataset.audit
    for image in reporter.track(dataset.images, f"converting {dataset.path}", dataset.total):
        fault = name_fault(image)
        if fault is None:
            writer.add(image, account)
            account.images_written += 1
        else:
            account.drop(fault.code, len(image.objects))
            account.skip_image(fault)


def _as_part(dataset: AnnotatedDataset, part: str) -> AnnotatedDataset:
    if list(dataset.parts) != [None]:
        own = ", ".join(str(each) for each in dataset.parts)
        raise UsageError(f"--parts: {dataset.path} has parts of its own ({own}); expected a source without. Omit it.")
    return replace(dataset, parts=[part], images=(replace(image, part=part) for image in dataset.images))


def _check_formats(source: str, target: str) -> None:
    if source not in READERS:
        raise unknown_name("format to convert from", source, READERS)
    if target not in WRITERS:
        raise unknown_name("format to convert to", target, WRITERS)
    if source == target:
        raise UsageError(f"--from {source} --to {target}: expected two formats. To choose part of a file, use subset.")


def _check_options(source: str, target: str, holes: str | None, overlap: str | None, components: bool) -> None:
    for kind, value, known in (("rule for holes", holes, HOLES), ("overlap rule", overlap, OVERLAPS)):
        if value is not None and value not in known:
            raise unknown_name(kind, value, known)
    for option, given, format_, sensible in (
        ("--holes", holes is not None, target, _TARGETS_WITH_HOLES),
        ("--overlap", overlap is not None, target, _TARGETS_WITHOUT_OVERLAP),
        ("--components", components, source, _SOURCES_WITHOUT_OBJECTS),
    ):
        if given and format_ not in sensible:
            side = "from" if sensible is _SOURCES_WITHOUT_OBJECTS and option == "--components" else "to"
            raise UsageError(
                f"{option}: has no effect for {format_}; expected it with --{side} {' or '.join(sensible)}. Omit it."
            )


def _check_parts(paths: Sequence[Path], images: Sequence[Path], parts: Sequence[str]) -> None:
    if not paths:
        raise UsageError("No source given; expected at least one file or folder to convert.")
    if len(images) > 1 and len(images) != len(paths):
        raise UsageError(f"--images: {len(images)} folders for {len(paths)} sources; expected one, or one for each.")
    if (parts or len(paths) > 1) and len(parts) != len(paths):
        raise UsageError(
            f"--parts: {len(parts)} names for {len(paths)} sources; expected one for each, such as --parts train,val."
        )
    for part in parts:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", part):
            raise UsageError(f"--parts '{part}': expected letters, digits, - and _, as it names a folder.")


def _check_out(out: Path, paths: Sequence[Path], target: str, parts: Sequence[str | None], copy_images: bool) -> None:
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UsageError(f"{out}: exists and is not empty; expected a new file or folder. Choose another --out.")
    if _is_file(out, target):
        if len(parts) > 1:
            names = ", ".join(str(part) for part in parts)
            raise UsageError(f"--out {out}: is one file for the parts {names}; expected a folder.")
        if copy_images:
            raise UsageError(f"--copy-images: has no place beside the file {out}; expected a folder as --out.")
    elif any(path.is_dir() and out.resolve().is_relative_to(path.resolve()) for path in paths):
        raise UsageError(f"--out {out}: lies inside the source; expected a folder of its own.")


def _is_file(out: Path, target: str) -> bool:
    return target == "coco" and out.suffix == ".json"


@contextmanager
def _place(output: Output, target: str) -> Iterator[Path]:
    """Yield the path that the writer of the format ``target`` writes to."""
    if _is_file(output.out, target):
        with output_files(output, new=True) as staging:
            yield staging / output.out.name
    else:
        with new_output_folder(output) as staging:
            yield staging
