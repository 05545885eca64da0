"""The glossary names files that exist and terms that are in use."""

import re

import pytest

from tests.docs.blocks import ROOT

TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in re.findall(r"^\|.*\|$", TEXT, re.MULTILINE)][
    2:
]


def test_it_has_20_to_40_terms_in_order() -> None:
    terms = [row[0] for row in ROWS]
    assert 20 <= len(terms) <= 40
    assert terms == sorted(set(terms), key=str.casefold)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_has_a_meaning_and_a_file_that_exists(row: list[str]) -> None:
    _, meaning, _, file = row
    assert meaning
    assert (ROOT / "src" / "maskwright" / file.strip("`")).is_file()


@pytest.mark.parametrize(
    "term", ["Bootstrap interval", "Training step", "Leak detection", "Copy-paste", "Class remapping", "Cityscapes AP"]
)
def test_what_newcomers_look_for_is_there(term: str) -> None:
    assert term in {row[0] for row in ROWS}
