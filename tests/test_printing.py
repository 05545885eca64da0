import ast
import io
import json
import sys
from collections.abc import Iterator

import pytest

from maskwright.printing import json_lines, print_lines, print_traceback
from tools.architecture.import_graph import ROOT

ATTACK = "cat\nerror: forged\x1b[2J\x9b31m\u202e"


def test_a_line_stays_one_line(capsys: pytest.CaptureFixture[str]):
    print_lines("one", ATTACK)
    assert capsys.readouterr() == ("one\ncat\\nerror: forged\\x1b[2J\\x9b31m\\u202e\n", "")


def test_lines_go_to_the_file_that_is_given_or_to_standard_output(capsys: pytest.CaptureFixture[str]):
    file = io.StringIO()
    print_lines("a", "b", file=file)
    print_lines()
    assert file.getvalue() == "a\nb\n"
    print_lines("c", file=sys.stderr)
    assert capsys.readouterr() == ("", "c\n")


def test_json_is_the_same_value_without_control_characters():
    value = {ATTACK: [1, None, "自転車", "\U000e0041", "می\u200cخواهم"]}
    shown = "\n".join(json_lines(value))
    assert json.loads(shown) == value
    assert all(letter.isprintable() or letter in "\n\u200c" for letter in shown)
    assert "自転車" in shown


def test_an_error_that_nobody_caught_is_shown_escaped(capsys: pytest.CaptureFixture[str]):
    try:
        raise ValueError(ATTACK)
    except ValueError as error:
        print_traceback(type(error), error, error.__traceback__)
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback (most recent call last):\n")
    assert "\x1b" not in shown
    assert "\x9b" not in shown


def test_no_other_file_prints():
    """What prints by itself would show names of strangers as they are."""
    found = {
        path.relative_to(ROOT): list(printers(ast.parse(path.read_text("utf-8"))))
        for path in (ROOT / "src").rglob("*.py")
        if path.name != "printing.py"
    }
    assert {path: calls for path, calls in found.items() if calls} == {}


def printers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (
            *("print", "typer.echo", "typer.secho", "click.echo", "rich.print", "pprint", "pprint.pprint"),
            *("traceback.print_exc", "traceback.print_exception", "warnings.warn"),
            *("sys.stdout.write", "sys.stderr.write", "json.dump"),
        ):
            yield ast.unparse(node)


@pytest.mark.parametrize("code", ["print(1)", "sys.stderr.write(name)", "typer.echo(name)"])
def test_the_search_finds_what_it_looks_for(code: str):
    assert list(printers(ast.parse(code))) == [code]
