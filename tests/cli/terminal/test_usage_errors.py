import pytest

from maskwright.cli.main import main

ATTACK = "labels\x1b[2J\nerror: forged\x9b31m.json"


@pytest.mark.parametrize(
    "arguments",
    [
        [ATTACK],
        ["check", "labels.json", ATTACK],
        ["check", f"--{ATTACK}"],
        ["score", ATTACK],
        ["split", "labels.json", "--out", "parts", "--seed", ATTACK],
        ["check", ATTACK],
    ],
    ids=["command", "extra", "option", "group", "value", "file"],
)
def test_arguments_are_quoted_without_their_control_characters(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
):
    assert main(arguments) == 2
    shown = capsys.readouterr().err
    assert "labels\\x1b[2j" in shown.lower() or "--seed" in arguments  # Typer lowers options, and quotes no numbers
    assert not {"\x1b", "\x9b"} & set(shown)
    assert not any(line.startswith("error: forged") for line in shown.splitlines())


def test_help_keeps_its_lines(capsys: pytest.CaptureFixture[str]):
    main(["score"])
    printed = capsys.readouterr()
    assert len((printed.out + printed.err).splitlines()) > 10
