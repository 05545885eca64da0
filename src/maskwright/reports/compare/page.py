"""The page of a comparison: the verdict, the differences and the images that change most, in one HTML file."""

from collections.abc import Iterable, Sequence
from typing import Any

from maskwright.reports import tables
from maskwright.reports.compare.tables import (
    Numbers,
    class_difference_table,
    difference_table,
    image_table,
    measure_label,
    score_table,
)
from maskwright.reports.compare.text import method_note
from maskwright.reports.legend_colors import legend_colors
from maskwright.reports.pictures.embedded import Picture
from maskwright.reports.rendering import render
from maskwright.reports.tables import CaptionedTable
from maskwright.structures import ClassInfo


def render_comparison_page(numbers: Numbers, pictures: Sequence[Picture], classes: Iterable[ClassInfo] = ()) -> str:
    """Return the HTML of ``numbers``, the content of ``compare.json``, with a picture of each image shown.

    ``classes`` are those of the pictures, for the legend of their colours.

    The same input always gives the same text.
    """
    return render(
        "compare.html.jinja",
        name=" and ".join(model["name"] for model in numbers["models"]),
        verdicts=[pair["verdict"] for pair in numbers["pairs"]],
        method=method_note(numbers),
        facts=_facts(numbers),
        scores=score_table(numbers),
        pairs_of_models=[_pair(numbers, pair["of"], pair["less"]) for pair in numbers["pairs"]],
        headline=measure_label(numbers["headline"]),
        images=image_table(numbers, _places(numbers, pictures)),
        image_score=numbers["image_score"],
        pictures=pictures,
        colors=legend_colors(classes),
        remarks=numbers["remarks"],
        models=[(model["name"], _made(model)) for model in numbers["models"]],
        protocol=numbers["protocol"],
        command=numbers["command"],
        present=set(),
        absent=tables.ABSENT,
    )


def comparison_tables(numbers: Numbers) -> list[CaptionedTable]:
    """Return the tables of ``numbers``, the content of ``compare.json``, each with what its numbers mean."""
    protocol = f"Protocol: {numbers['protocol']}."
    found = [CaptionedTable("Scores", protocol, score_table(numbers))]
    for pair in numbers["pairs"]:
        each = _pair(numbers, pair["of"], pair["less"])
        meaning = f"{pair['verdict']} {method_note(numbers)} {protocol}"
        found.append(CaptionedTable(each["title"], meaning, each["differences"]))
        found.append(CaptionedTable(f"{each['title']}, by class", protocol, each["classes"]))
    return found


def _places(numbers: Numbers, pictures: Sequence[Picture]) -> dict[str, str]:
    """Return the places on the page of the pictures, by the images that they are of."""
    shown = zip(numbers["changed_images"], pictures, strict=False)
    return {
        each["file_name"]: f"#panel-changed-{number}"
        for number, (each, picture) in enumerate(shown, start=1)
        if picture.uri
    }


def _facts(numbers: Numbers) -> list[tuple[str, str]]:
    return [
        ("models", str(len(numbers["models"]))),
        ("images", f"{numbers['images']:,}"),
        ("classes", f"{len(numbers['classes']):,}"),
    ]


def _pair(numbers: Numbers, of: str, less: str) -> dict[str, Any]:
    return {
        "title": f"{of} less {less}",
        "differences": difference_table(numbers, of, less),
        "classes": class_difference_table(numbers, of, less),
    }


def _made(model: Numbers) -> list[tuple[str, str]]:
    return [("results", path) for path in model["paths"]]
