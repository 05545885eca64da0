"""The terminal text of a review: how many suspects of each kind there are, and the first of them."""

from collections.abc import Mapping
from typing import Any

from maskwright.reports.review.page import TITLES
from maskwright.reports.tables import Table
from maskwright.reports.terminal import text_lines

Numbers = Mapping[str, Any]

_SHOWN = 10


def review_lines(numbers: Numbers) -> list[str]:
    """Return the lines for a terminal of ``numbers``, the content of ``suspects.json``."""
    suspects = numbers["suspects"]
    if not suspects:
        return [f"no label is suspected: {numbers['labels']:,} labels on {numbers['images']:,} images"]
    kinds = [[TITLES[kind], f"{count:,}"] for kind, count in numbers["kinds"].items() if count]
    first = [
        [str(each["rank"]), TITLES[each["kind"]], f"{each['evidence']:.2f}", each["file_name"], _named(each)]
        for each in suspects[:_SHOWN]
    ]
    return [
        f"{len(suspects):,} suspects among {numbers['labels']:,} labels on {numbers['images']:,} images",
        "",
        *text_lines(Table(["kind", "suspects"], kinds)),
        "",
        *text_lines(Table(["rank", "kind", "evidence", "image", "label, model"], first)),
    ]


def _named(each: Numbers) -> str:
    return ", ".join(name for name in (each["label"], each["suggested"]) if name is not None)
