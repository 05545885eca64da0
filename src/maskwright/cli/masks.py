"""``maskwright masks``: draw label maps from annotations."""

import os
from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.arguments.options import Json, Quiet, print_json
from maskwright.errors import UsageError
from maskwright.printing import print_lines


def command(
    annotations: Annotated[Path, typer.Argument(help="A COCO JSON file.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="Folder for the label maps.", show_default=False)],
    mode: Annotated[
        str,
        typer.Option("--mode", help="multiclass, binary (1 where any object is), grouped, or instance (16-bit ids)."),
    ] = "multiclass",
    classes: Annotated[
        list[str] | None,
        typer.Option("--classes", help="Class names, comma-separated; the first gets label 1 [default: all]."),
    ] = None,
    ignore_classes: Annotated[
        list[str] | None, typer.Option("--ignore-classes", help="Names of classes whose pixels get the ignore label.")
    ] = None,
    groups: Annotated[
        str | None, typer.Option("--groups", metavar="FILE|coco9", help="Groups of classes with weights.")
    ] = None,
    overlap: Annotated[
        str | None,
        typer.Option(
            "--overlap",
            help="The object that gets a shared pixel: last, first, smallest, highest-index or priority "
            "[default: last; priority for groups].",
        ),
    ] = None,
    priority: Annotated[
        list[str] | None, typer.Option("--priority", metavar="CLASS=WEIGHT", help="Weights for --overlap priority.")
    ] = None,
    crowd: Annotated[str, typer.Option("--crowd", help="Crowd regions: ignore, include or skip.")] = "ignore",
    only_with_objects: Annotated[
        bool, typer.Option("--only-with-objects", help="Skip images without an object of the classes.")
    ] = False,
    gray: Annotated[bool, typer.Option("--gray", help="Write grey PNG files instead of coloured palettes.")] = False,
    audit: Annotated[bool, typer.Option("--audit", help="Write the result of each overlap rule too.")] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Processes that draw [default: by the number of images].")
    ] = None,
    engine: Annotated[str, typer.Option("--engine", help="local, or ray for a Ray cluster.")] = "local",
    address: Annotated[
        str | None, typer.Option("--address", help="The Ray cluster, e.g. auto [default: start one here].")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace another job's label maps, and other files.")
    ] = False,
    allow_empty_classes: Annotated[
        bool, typer.Option("--allow-empty-classes", help="Draw although no object of the classes is there.")
    ] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Draw label maps from COCO annotations. Masks equal those of pycocotools to the pixel."""
    # Drawing needs no threads of linear algebra, and only a process without threads can be forked.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from maskwright.label_maps.options import MaskOptions
    from maskwright.progress import Reporter
    from maskwright.workflows.masks import masks

    options = MaskOptions(
        mode=mode,
        classes=_names(classes) or None,
        ignore_classes=tuple(_names(ignore_classes)),
        groups=groups,
        overlap=overlap,
        priorities=dict(_weight(value) for value in _names(priority)),
        crowd=crowd,
        palette=not gray,
        only_with_objects=only_with_objects,
        audit=audit,
    )
    reporter = Reporter(quiet)
    summary = masks(
        annotations,
        out,
        options=options,
        workers=workers,
        engine=engine,
        address=address,
        overwrite=overwrite,
        allow_empty_classes=allow_empty_classes,
        reporter=reporter,
    )
    found = summary.audit
    reporter.warn([*found.lines(), *summary.remarks])
    if json:
        print_json(summary.to_json())
        return
    skipped = ", ".join(f"{count} {reason}" for reason, count in sorted(found.skipped.items())) or "none"
    kept = f" ({summary.kept} already drawn)" if summary.kept else ""
    print_lines(f"{_counted(summary.files, 'label map')} in {summary.folder}{kept}")
    if summary.without_objects:
        print_lines(f"skipped: {_counted(summary.without_objects, 'image')} without an object of the classes")
    print_lines(
        f"annotations: {found.found} found = {found.used} used + {sum(found.skipped.values())} skipped ({skipped})"
    )
    if summary.overlaps:
        print_lines(*summary.overlaps.lines())


def _names(values: list[str] | None) -> list[str]:
    return [name.strip() for value in values or () for name in value.split(",") if name.strip()]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _weight(text: str) -> tuple[str, float]:
    name, equals, weight = text.rpartition("=")
    try:
        return name, float(weight if equals else "")
    except ValueError:
        raise UsageError(f"--priority {text}: expected CLASS=WEIGHT, e.g. person=4.") from None
