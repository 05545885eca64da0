"""Split a COCO file: stratified by class, with every leak group in one part."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath

from maskwright.annotations.coco.document import Document, read_document, records_with_ids, write_coco
from maskwright.annotations.leak_groups import find_leak_groups, require_filled
from maskwright.annotations.selection.select import audit_of_reading, rejected_records
from maskwright.annotations.selection.shares import class_shares
from maskwright.annotations.selection.splitting import objects_of_images, split_ids
from maskwright.annotations.split_summary import SplitSummary
from maskwright.control_characters import lines_of_cells
from maskwright.errors import UsageError
from maskwright.files import write_json, write_text
from maskwright.outputs.output import Output
from maskwright.outputs.writing import output_folder
from maskwright.progress import Reporter
from maskwright.reports.shares_table import shares_table

PART_NAMES = {2: ("train", "validation"), 3: ("train", "validation", "test")}


def split(
    annotations: str | Path,
    out: str | Path,
    *,
    ratios: Sequence[float] = (8, 1, 1),
    names: Sequence[str] | None = None,
    images: str | Path | None = None,
    groups: str | Path | None = None,
    seed: int = 0,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> SplitSummary:
    """Split a COCO file into parts, stratified by class, without leaks between the parts.

    Each part is a whole COCO file: its images, their annotations and all categories. Every record keeps its id and all
    fields. Images of one leak group go into one part: those with the same file name or address, of the same user group,
    or, with ``images``, with the same or nearly the same content.

    Args:
        annotations: The COCO JSON file.
        out: The folder for the parts, ``NAME.json`` each. Beside them it gets ``split.csv`` (file_name, part, group),
            ``split.txt`` (the shares of the classes as a table) and ``split.json``.
        ratios: The sizes of the parts in numbers of images.
        names: The names of the parts; ``train``, ``validation`` and ``test`` by default.
        images: The folder of the images. With it, their content is compared.
        groups: User groups: a CSV or JSON file, or the name of a field of the image records, see
            :func:`~maskwright.annotations.selection.image_groups.read_user_groups`.
        seed: The same seed gives the same parts.
        overwrite: Replace files of these names in ``out`` that no earlier split wrote.
        reporter: Where progress goes; standard error by default.

    Returns:
        The image ids of each part, the shares of the classes, and the leak groups.

    Raises:
        UsageError: The ratios or names do not fit, a file or folder is missing, or a part would replace
            ``annotations`` or a file that no split wrote.
        DataError: A part would have no image, or the file or its groups cannot be read.

    Example:
        >>> import maskwright as mw
        >>> done = mw.split("labels.json", "parts", ratios=(3, 1), images="photos")
        >>> {name: len(ids) for name, ids in done.images.items()}
        {'train': 9, 'validation': 3}
    """
    annotations, out, reporter = Path(annotations), Path(out), reporter or Reporter()
    names = _part_names(ratios, names)
    output = Output("split", out, reporter.notice, [annotations], overwrite)
    for name in names:
        output.require_possible(out / f"{name}.json")
    summary, write = plan_split(
        annotations, out, ratios, names, images=images, groups=groups, seed=seed, reporter=reporter
    )
    with output_folder(output, expected=[f"{name}.json" for name in (*names, "split")]) as staging:
        write(staging)
    return summary


def plan_split(
    annotations: Path,
    out: Path,
    ratios: Sequence[float],
    names: Sequence[str],
    *,
    images: str | Path | None,
    reporter: Reporter,
    groups: str | Path | None = None,
    seed: int = 0,
) -> tuple[SplitSummary, Callable[[Path], None]]:
    """Return the split of a COCO file that is to be at ``out``, and a function that writes it to a folder.

    See :func:`split` for the arguments and errors.
    """
    images = Path(images) if images is not None else None
    document = read_document(annotations)
    together = find_leak_groups(document, str(groups) if groups is not None else None, images, reporter)
    classes, counts = objects_of_images(document.coco)
    parts = dict(zip(names, split_ids(counts, ratios, seed, together.sets), strict=True))
    require_filled(annotations, parts, together)
    of_part = {name: _annotations_of(document, set(ids)) for name, ids in parts.items()}
    audit = audit_of_reading(document.coco)
    audit.found += len(document.coco.annotations)
    audit.used += sum(map(len, of_part.values()))
    summary = SplitSummary(
        out,
        parts,
        {name: len(ids) for name, ids in of_part.items()},
        len(document.images),
        dict(rejected_records(document.coco, "image")),
        class_shares(classes, counts, parts, ratios),
        together,
        audit,
        seed,
    )
    return summary, lambda folder: _write(folder, document, summary, of_part)


def _part_names(ratios: Sequence[float], names: Sequence[str] | None) -> list[str]:
    chosen = list(names or PART_NAMES.get(len(ratios)) or (f"part{number}" for number in range(1, len(ratios) + 1)))
    if len(chosen) != len(ratios):
        raise UsageError(
            f"--names {','.join(chosen)}: found {len(chosen)}; expected one for each of {len(ratios)} parts."
        )
    if len({name.lower() for name in chosen}) != len(chosen):
        raise UsageError(f"--names {','.join(chosen)}: a name repeats; expected one of its own for each part.")
    for name in chosen:
        if name != PurePath(name).name or "\\" in name or name.lower() in ("", "..", "split"):
            raise UsageError(
                f"--names: '{name}' cannot be the name of a part; expected a file name other than 'split'."
            )
    return chosen


def _annotations_of(document: Document, images: set[int]) -> list[int]:
    return [each.id for each in document.coco.annotations if each.image_id in images]


def _write(folder: Path, document: Document, summary: SplitSummary, of_part: Mapping[str, Sequence[int]]) -> None:
    write_json(folder / "split.json", summary.to_json())
    write_text(folder / "split.txt", "\n".join(shares_table(summary.shares)) + "\n")
    write_text(folder / "split.csv", _csv(document, summary))
    for name, ids in summary.images.items():
        write_coco(
            folder / f"{name}.json",
            records_with_ids(document.images, ids),
            records_with_ids(document.annotations, of_part[name]),
            records_with_ids(document.categories, [category.id for category in document.coco.categories]),
            document.head,
        )


def _csv(document: Document, summary: SplitSummary) -> str:
    part_of = {image_id: name for name, ids in summary.images.items() for image_id in ids}
    names = {image.id: image.file_name for image in document.coco.images}
    groups = dict(summary.leak_groups.user_groups)
    for together in summary.leak_groups.sets:
        given = {groups[image_id] for image_id in together if image_id in groups}
        group = " + ".join(sorted(given)) or names[min(together)]
        groups.update(dict.fromkeys(together, group))
    rows = ((name, part_of[image_id], groups.get(image_id, "")) for image_id, name in names.items())
    return lines_of_cells([("file_name", "part", "group"), *rows])
