"""Pieces of Markdown."""

from tools.docs.markdown import block, code, prose, table


def test_a_table_escapes_bars_and_joins_lines() -> None:
    assert table(["a", "b"], [["x|y", "one\ntwo"]]).splitlines() == ["| a | b |", "|---|---|", "| x\\|y | one two |"]


def test_prose_keeps_code_and_escapes_what_markdown_would_take() -> None:
    assert prose("``<fix>.json`` of 2 * 3 and <name> in _x_") == "`<fix>.json` of 2 \\* 3 and \\<name> in \\_x\\_"
    assert prose("snake_case and :meth:`to_json`") == "snake_case and `to_json`"


def test_prose_links_known_names() -> None:
    links = {"run": "#run", "workflows.run.run": "#run"}
    assert prose("As :func:`run` and ``train``.", links) == "As [`run`](#run) and `train`."
    assert prose("See :func:`maskwright.workflows.run.run`.", links).endswith("(#run).")


def test_code_of_nothing_is_nothing() -> None:
    assert (code("x"), code("")) == ("`x`", "")
    assert block("a\n", "python") == "```python\na\n```"
