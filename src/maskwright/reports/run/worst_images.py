"""The worst images of each scored part on the page of a run: a table of their scores, and their pictures."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from maskwright.reports.kept_files import KeptFiles
from maskwright.reports.pictures.embedded import Picture, read_pictures
from maskwright.reports.pictures.errors import OUTCOMES, WRONG_CLASS
from maskwright.reports.run.contents import RunContents
from maskwright.reports.tables import CaptionedTable, Scores, Table, count_cell, score_cell

WORST = 10
WORST_KIND = "worst"
"""The ``kind`` of the records of their pictures in ``figures/panels.json``."""


class WorstPart(NamedTuple):
    """The worst images of one part of the data.

    ``key`` is part of the ids of its pictures, ``outcomes`` are the names and CSS colours of the errors in them.
    """

    split: str
    key: str
    table: CaptionedTable
    pictures: list[Picture]
    outcomes: list[tuple[str, str]]


class WorstImage(NamedTuple):
    """The worst image of all: its name, the place of its picture on the page, and its score as text."""

    name: str
    href: str
    score: str


def worst_parts(run: RunContents, kept: KeptFiles | None = None) -> list[WorstPart]:
    """Return the worst images of each part whose scores name some, with the pictures that were drawn of them.

    Pictures that ``kept`` has are not encoded again.
    """
    task, parts = run.card["task"], []
    for split, scores in (run.scores or {}).items():
        rows = (scores or {}).get("worst_images") or []
        if rows:
            key = f"worst-{len(parts) + 1}"
            drawn = [
                record for record in run.panels or () if record.get("kind") == WORST_KIND and record["part"] == split
            ]
            links = {str(record["image"]): f"#panel-{key}-{place}" for place, record in enumerate(drawn, start=1)}
            table = _TABLES[task](rows[:WORST], links)
            outcomes = _outcomes(task != "instance")
            parts.append(WorstPart(split, key, table, read_pictures(run.path, drawn, kept), outcomes))
    return parts


def worst_image(parts: Sequence[WorstPart]) -> WorstImage | None:
    """Return the worst image of the first part that has its picture, else None."""
    for part in parts:
        header, row, links = part.table.table.header, part.table.table.rows[0], part.table.table.links
        if row[0] in links:
            column = 2 if "F1" in header else 1
            return WorstImage(row[0], links[row[0]], f"{header[column]} {row[column]}")
    return None


def _instance_table(rows: Sequence[Scores], links: dict[str, str]) -> CaptionedTable:
    cells = [
        [
            row["file_name"],
            score_cell(row["IoU"]),
            score_cell(row["F1"]),
            count_cell(row["missed"]),
            count_cell(row["wrong"]),
        ]
        for row in rows
    ]
    meaning = (
        "The images with the lowest F1. IoU is that of all objects of the image together. Missed are objects without a "
        "detection, false positives are detections without an object."
    )
    header = ["image", "IoU", "F1", "missed", "false positives"]
    return CaptionedTable("Worst images", meaning, Table(header, cells, links=links))


def _semantic_table(rows: Sequence[Scores], links: dict[str, str]) -> CaptionedTable:
    cells = [[row["file_name"], score_cell(row["mIoU"]), score_cell(row["pixel_accuracy"])] for row in rows]
    meaning = (
        "The images with the lowest mean IoU, each by its own pixels alone: over the classes that occur in its truth "
        "or its prediction, background among them."
    )
    return CaptionedTable("Worst images", meaning, Table(["image", "mean IoU", "pixel accuracy"], cells, links=links))


def _panoptic_table(rows: Sequence[Scores], links: dict[str, str]) -> CaptionedTable:
    cells = [
        [row["file_name"], score_cell(row["PQ"]), *(count_cell(row[key]) for key in ("matched", "wrong", "missed"))]
        for row in rows
    ]
    meaning = (
        "The images with the lowest PQ of all their segments together. Matched are predicted segments with an IoU "
        "above 0.5 with a true one of their class, wrong are the others, missed are true segments without a match."
    )
    header = ["image", "PQ", "matched", "wrong", "missed"]
    return CaptionedTable("Worst images", meaning, Table(header, cells, links=links))


_TABLES = {"semantic": _semantic_table, "instance": _instance_table, "panoptic": _panoptic_table}


def _outcomes(of_pixels: bool) -> list[tuple[str, str]]:
    shown: list[Any] = [each for each in OUTCOMES if of_pixels or each.index != WRONG_CLASS]
    return [(each.name, "#{:02x}{:02x}{:02x}".format(*each.color)) for each in shown]
