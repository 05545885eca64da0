"""``maskwright split``: split a COCO file without leaks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.arguments.options import Json, Overwrite, Quiet, print_json
from maskwright.printing import print_lines

if TYPE_CHECKING:
    from maskwright.annotations.split_summary import SplitSummary


_REASONS = {"same_name": "by name", "same_url": "by address", "group": "by --groups", "picture": "by picture"}


def command(
    annotations: Annotated[Path, typer.Argument(help="A COCO JSON file.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="Folder for the parts.", show_default=False)],
    ratios: Annotated[str, typer.Option("--ratios", help="Sizes of the parts in images.")] = "8:1:1",
    names: Annotated[
        str | None,
        typer.Option("--names", help="Names of the parts, comma-separated [default: train,validation,test]."),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option("--images", help="Images folder: the same and nearly the same pictures go into one part."),
    ] = None,
    groups: Annotated[
        str | None,
        typer.Option(
            "--groups",
            metavar="FILE|FIELD",
            help="Images of a group go into one part: a CSV or JSON file (file_name, group), or an image field.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same parts.")] = 0,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Split a COCO file, stratified by class, without leaks. Copies of a picture go into one part."""
    from maskwright.annotations.selection.splitting import parse_ratios
    from maskwright.progress import Reporter
    from maskwright.workflows.split import split

    reporter = Reporter(quiet)
    summary = split(
        annotations,
        out,
        ratios=parse_ratios(ratios),
        names=[name.strip() for name in names.split(",")] if names is not None else None,
        images=images,
        groups=groups,
        seed=seed,
        overwrite=overwrite,
        reporter=reporter,
    )
    reporter.warn(summary.audit.lines())
    if json:
        print_json(summary.to_json())
    else:
        _print(summary, compared=images is not None)


def _print(summary: "SplitSummary", compared: bool) -> None:
    from maskwright.reports.shares_table import shares_summary, shares_table

    print_lines(*shares_table(summary.shares), "", *shares_summary(summary.shares))
    sets = summary.leak_groups.to_json()
    reasons = ", ".join(f"{number} {_REASONS[reason]}" for reason, number in sets["reasons"].items() if number)
    groups = f"{sets['images']} images in {sets['sets']} groups, the largest of {sets['largest']}"
    hint = "" if compared else "; --images compares the pictures too"
    print_lines(f"leak groups: {f'{groups} ({reasons})' if sets['sets'] else 'none'}{hint}")
    for name, ids in summary.images.items():
        print_lines(f"{summary.folder / name}.json: {len(ids)} images, {summary.annotations[name]} annotations")
    kept, instances = sum(summary.annotations.values()), int(summary.shares.instances.sum())
    if kept != instances:
        print_lines(f"{kept - instances} of the {kept} annotations are crowd regions, which the table does not count")
