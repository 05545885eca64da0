"""What contributors read and run is true: files that are named exist, and versions agree."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ["CONTRIBUTING.md", "SECURITY.md", "tests/oracles/README.md", "docs/architecture.md"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pins(text: str) -> dict[str, str]:
    """The versions of ``NAME==VERSION`` by name."""
    return {name.lower(): version for name, version in re.findall(r"([\w.-]+)==([\w.]+)", text)}


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_exists(page: str) -> None:
    named = re.findall(r"`((?:src|tests|docs)/[\w./-]+)`", text_of(page))
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_a_link_to_another_page_leads_there(page: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(page))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_commands_of_make_and_nox_exist() -> None:
    page, makefile, noxfile = text_of("CONTRIBUTING.md"), text_of("Makefile"), text_of("noxfile.py")
    targets = set(re.findall(r"`make (\w+)`", page))
    assert targets <= set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    sessions = set(re.findall(r"`nox -s (\w+)`", page)) | {"lint", "drills", "docs"}
    assert sessions == set(re.findall(r"^@nox\.session.*\ndef (\w+)\(", noxfile, re.MULTILINE))


def test_the_hooks_check_with_the_tested_ruff() -> None:
    hooks = pins(text_of(".pre-commit-config.yaml"))
    assert hooks["ruff"] == pins(text_of("constraints.txt"))["ruff"]


def test_every_library_has_a_lowest_version_that_can_be_pinned() -> None:
    floor = re.compile(r"[\w.-]+(\[\w+\])?>=\d[\w.]*")
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["train"]]
    assert [requirement for requirement in wanted if not floor.fullmatch(requirement)] == []


def test_every_tool_of_the_developers_has_a_tested_version() -> None:
    tested = pins(text_of("constraints.txt"))
    names = [re.split(r"[\[>]", each)[0] for each in PROJECT["optional-dependencies"]["dev"]]
    missing = [name for name in names if {name.lower(), name.lower().replace("-", "_")}.isdisjoint(tested)]
    assert missing == []
