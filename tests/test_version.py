"""The version is the same wherever it is written."""

import tomllib
from pathlib import Path

import pytest

import maskwright
from maskwright.cli.main import main
from maskwright.version import __version__

ROOT = Path(__file__).parents[1]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_files_of_the_project_say_the_same_version() -> None:
    assert tomllib.loads(text_of("pyproject.toml"))["project"]["version"] == __version__
    assert f"\nversion: {__version__}\n" in text_of("CITATION.cff")
    assert f"\n## [{__version__}]" in text_of("CHANGELOG.md")


def test_the_package_and_the_command_tell_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert maskwright.__version__ == __version__
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"maskwright {__version__}\n"
