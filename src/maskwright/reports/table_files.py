"""Tables as Markdown and LaTeX, for papers and issues: ``tables.md`` and ``tables.tex`` beside a page."""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from maskwright.control_characters import escape_controls
from maskwright.files import write_text
from maskwright.reports.tables import ABSENT, CaptionedTable, Table

TABLES_MARKDOWN, TABLES_LATEX = "tables.md", "tables.tex"

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "−": "$-$",
    "≥": r"$\geq$",
    "×": r"$\times$",
    "²": r"\textsuperscript{2}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
}
_LATEX_LETTERS = re.compile("|".join(map(re.escape, _LATEX)))


def write_tables(folder: Path, tables: Sequence[CaptionedTable]) -> None:
    """Write ``tables`` into ``folder`` as ``tables.md`` and ``tables.tex``, each with its title and its meaning below.

    The LaTeX tables need the package booktabs.
    """
    shown = [each for each in tables if each.table.rows]
    write_text(folder / TABLES_MARKDOWN, "\n".join(line for each in shown for line in markdown_lines(each)))
    head = "% Each table needs \\usepackage{booktabs}.\n\n"
    write_text(folder / TABLES_LATEX, head + "\n".join(line for each in shown for line in latex_lines(each)))


def markdown_lines(each: CaptionedTable) -> list[str]:
    """Return a captioned table as lines of Markdown: a heading, a table with numbers to the right, its meaning."""
    sides = ["---", *["---:"] * (len(each.table.header) - 1)]
    rows = _cells(each.table, lambda cell: _MARKDOWN.sub(r"\\\1", cell))
    lines = [f"| {' | '.join(row)} |" for row in (rows[0], sides, *rows[1:])]
    return [f"## {_plain(each.title)}", "", *lines, "", _plain(each.meaning), ""]


def latex_lines(each: CaptionedTable) -> list[str]:
    """Return a captioned table as lines of LaTeX, a ``table`` with a ``tabular`` in the style of booktabs."""
    head, *rows = (" & ".join(row) + r" \\" for row in _cells(each.table, _latex))
    return [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_latex(each.title)}. {_latex(each.meaning)}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(each.table.header) - 1)}}}",
        r"\toprule",
        head,
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
        "",
    ]


def _cells(table: Table, escape: Callable[[str], str]) -> list[list[str]]:
    """Return the header and the rows with each cell escaped."""
    rows: Iterable[Sequence[str]] = [table.header, *table.rows]
    return [[escape(escape_controls(cell)) for cell in row] for row in rows]


def _plain(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", escape_controls(text))


def _latex(text: str) -> str:
    if text == ABSENT:
        return "--"
    return _LATEX_LETTERS.sub(lambda found: _LATEX[found[0]], escape_controls(text))
