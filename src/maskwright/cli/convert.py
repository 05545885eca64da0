"""``maskwright convert``: convert annotations between formats."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.arguments.options import Json, Quiet, print_json
from maskwright.printing import print_lines


def command(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SRC...", help="Files or folders to convert.", show_default=False)
    ],
    source_format: Annotated[
        str, typer.Option("--from", help="coco, yolo, voc, labelme, cityscapes or label-maps.", show_default=False)
    ],
    target_format: Annotated[
        str, typer.Option("--to", help="coco, yolo, voc, labelme or label-maps.", show_default=False)
    ],
    out: Annotated[
        Path, typer.Option("--out", help="A new folder; for coco also a new .json file.", show_default=False)
    ],
    images: Annotated[
        list[Path] | None,
        typer.Option("--images", help="Images folder; once, or once for each SRC.", show_default=False),
    ] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option("--classes", help="Class names, comma-separated, in the order of their labels [default: all]."),
    ] = None,
    parts: Annotated[
        str | None, typer.Option("--parts", help="The part that each SRC becomes, e.g. train,val.", show_default=False)
    ] = None,
    holes: Annotated[
        str | None, typer.Option("--holes", help="Holes in yolo and labelme: keep or fill [default: keep].")
    ] = None,
    overlap: Annotated[
        str | None,
        typer.Option(
            "--overlap",
            help="The object that gets a shared pixel in voc and label-maps: last, first, smallest or highest-index "
            "[default: last].",
        ),
    ] = None,
    components: Annotated[
        bool,
        typer.Option(
            "--components", help="From voc and label-maps: one object per connected component, not per class."
        ),
    ] = False,
    copy_images: Annotated[bool, typer.Option("--copy-images", help="Copy the images too.")] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Convert annotations to another format. Masks stay exact, and what is not kept is counted."""
    from maskwright.progress import Reporter
    from maskwright.workflows.convert import convert

    reporter = Reporter(quiet)
    summary = convert(
        sources,
        out,
        source_format=source_format,
        target_format=target_format,
        images=images or (),
        classes=[name.strip() for value in classes or () for name in value.split(",")] or None,
        parts=[part.strip() for part in parts.split(",")] if parts is not None else (),
        holes=holes,
        overlap=overlap,
        components=components,
        copy_images=copy_images,
        reporter=reporter,
    )
    for account in summary.audits:
        reporter.warn(account.objects.lines())
    if json:
        print_json(summary.to_json())
        return
    print_lines(
        f"{summary.images} images with {summary.objects} objects of {len(summary.classes)} classes in {summary.out}"
    )
    for path, account in zip(summary.sources, summary.audits, strict=True):
        left_out = ", ".join(f"{count} {reason}" for reason, count in sorted(account.skipped_images.items())) or "none"
        skipped = ", ".join(f"{count} {reason}" for reason, count in sorted(account.objects.skipped.items())) or "none"
        audit = account.objects
        print_lines(f"{path}:")
        print_lines(
            f"  images: {account.images_found} found = {account.images_written} written + "
            f"{sum(account.skipped_images.values())} skipped ({left_out})"
        )
        print_lines(
            f"  objects: {audit.found} found = {audit.used} written + {sum(audit.skipped.values())} skipped ({skipped})"
        )
    for exact, heading in ((True, "changed form, same pixels"), (False, "not kept")):
        changes = [change for change in summary.changes if change["exact"] == exact]
        if changes:
            print_lines(f"{heading}:")
            for change in changes:
                print_lines(f"  {change['count']} {change['meaning']} ({change['code']})")
    for remark in summary.remarks:
        print_lines(remark)
    if summary.fields:
        fields = ", ".join(f"{field} {count}" for field, count in summary.fields.items())
        print_lines(f"fields not kept, with the number of records: {fields}")
