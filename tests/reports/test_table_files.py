from pathlib import Path

import pytest

from maskwright.reports.table_files import latex_lines, markdown_lines, write_tables
from maskwright.reports.tables import CaptionedTable, Table

TABLE = CaptionedTable(
    "Classes & more",
    "50 % of IoU_s.",
    Table(["class", "mask AP"], [["hot|dog_1", "0.500"], ["cup\x1b[31m", "–"], ["a^b~c\\", "−0.100"]]),
)


def test_markdown_has_a_heading_a_table_and_its_meaning() -> None:
    assert markdown_lines(TABLE) == [
        "## Classes & more",
        "",
        "| class | mask AP |",
        "| --- | ---: |",
        r"| hot\|dog\_1 | 0.500 |",
        r"| cup\\x1b\[31m | – |",
        r"| a^b\~c\\ | −0.100 |",
        "",
        r"50 % of IoU\_s.",
        "",
    ]


def test_latex_has_a_caption_rules_and_nothing_that_latex_would_read() -> None:
    lines = latex_lines(TABLE)
    assert r"\caption{Classes \& more. 50 \% of IoU\_s.}" in lines
    assert r"\begin{tabular}{lr}" in lines
    assert [line for line in lines if line.endswith(r"\\")] == [
        r"class & mask AP \\",
        r"hot|dog\_1 & 0.500 \\",
        r"cup\textbackslash{}x1b[31m & -- \\",
        r"a\textasciicircum{}b\textasciitilde{}c\textbackslash{} & $-$0.100 \\",
    ]
    assert lines.index(r"\toprule") < lines.index(r"\midrule") < lines.index(r"\bottomrule")


def test_both_files_hold_the_tables_that_have_rows(tmp_path: Path) -> None:
    write_tables(tmp_path, [TABLE, CaptionedTable("Empty", "", Table(["class"], [])), TABLE])
    assert (tmp_path / "tables.md").read_text().count("| class | mask AP |") == 2
    assert (tmp_path / "tables.tex").read_text().count(r"\end{table}") == 2
    assert "Empty" not in (tmp_path / "tables.md").read_text()


@pytest.mark.parametrize("name", ["tables.md", "tables.tex"])
def test_without_a_table_the_files_say_nothing(tmp_path: Path, name: str) -> None:
    write_tables(tmp_path, [])
    assert "class" not in (tmp_path / name).read_text()
