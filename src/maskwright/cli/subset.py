"""``maskwright subset``: write a subset of a COCO file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.arguments.options import Json, Overwrite, Quiet, print_json
from maskwright.control_characters import escape_controls
from maskwright.errors import UsageError
from maskwright.printing import print_lines


def command(
    annotations: Annotated[Path, typer.Argument(help="A COCO JSON file.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="The COCO JSON file to write.", show_default=False)],
    classes: Annotated[
        list[str] | None,
        typer.Option(
            "--classes", help="Class names, comma-separated; drops images without any of them [default: all]."
        ),
    ] = None,
    keep_empty: Annotated[bool, typer.Option("--keep-empty", help="Keep images without any of the --classes.")] = False,
    max_images: Annotated[
        int | None, typer.Option("--max-images", metavar="N", help="Draw N of the images that fit, at random.")
    ] = None,
    at_least: Annotated[
        list[str] | None,
        typer.Option("--at-least", metavar="CLASS=N", help="Draw at least N images with an object of CLASS."),
    ] = None,
    max_instances: Annotated[
        int | None,
        typer.Option("--max-instances", metavar="N", help="Drop images with more annotations of the classes."),
    ] = None,
    drop_crowd: Annotated[bool, typer.Option("--drop-crowd", help="Drop crowd regions; their images stay.")] = False,
    drop_crowd_images: Annotated[
        bool, typer.Option("--drop-crowd-images", help="Drop images with a crowd region of the classes.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="The same seed draws the same images.")] = 0,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write a subset of a COCO file. Kept records stay unchanged; skipped ones are counted by reason."""
    from maskwright.progress import Reporter
    from maskwright.workflows.subset import subset

    reporter = Reporter(quiet)
    summary = subset(
        annotations,
        out,
        classes=[name.strip() for value in classes or () for name in value.split(",")] or None,
        keep_empty=keep_empty,
        drop_crowd=drop_crowd,
        drop_crowd_images=drop_crowd_images,
        max_instances=max_instances,
        max_images=max_images,
        at_least=_demands(at_least or ()),
        seed=seed,
        overwrite=overwrite,
        reporter=reporter,
    )
    audit = summary.audit
    reporter.warn(audit.lines())
    if json:
        print_json(summary.to_json())
        return
    print_lines(f"{summary.images['used']} of {summary.images['in']} images in {summary.file}")
    for what, counts in (
        ("images", summary.images),
        ("annotations", {"in": audit.found, "used": audit.used, "left_out": audit.skipped}),
        ("categories", summary.categories),
    ):
        reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(counts["left_out"].items())) or "none"
        left_out = sum(counts["left_out"].values())
        print_lines(f"{what}: {counts['in']} found = {counts['used']} kept + {left_out} skipped ({reasons})")
    names = {name: escape_controls(name) for name in summary.classes}
    width = max(map(len, names.values()), default=0)
    print_lines(f"{'class':<{width}}  images  instances")
    for name, counts in summary.classes.items():
        print_lines(f"{names[name]:<{width}}  {counts['images']:>6}  {counts['instances']:>9}")
    crowds = audit.used - sum(counts["instances"] for counts in summary.classes.values())
    if crowds:
        print_lines(f"{crowds} of the {audit.used} annotations kept are crowd regions, which are no instances")


def _demands(values: Sequence[str]) -> dict[str, int]:
    demands = {}
    for value in values:
        name, _, number = value.rpartition("=")
        if not name or not number.isdecimal():
            raise UsageError(f"--at-least '{value}': expected CLASS=N with a whole number, e.g. dog=1.")
        demands[name] = int(number)
    return demands
