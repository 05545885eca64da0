"""The documentation is true: its commands exist, its Python runs, its table of keys is the schema's."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from pydantic import BaseModel

from maskwright.cli.main import main
from maskwright.datasets.shapes import write_shapes
from maskwright.recipes.loading import shipped
from maskwright.recipes.schema import Recipe

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

SUBCOMMANDS = ("copy", "show", "schema", "instance", "semantic", "cityscapes", "list", "convert", "fetch")


def commands() -> list[list[str]]:
    """Every `maskwright …` line of an indented or fenced block."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for line in text.splitlines():
            match = re.match(r"(?:    |\$ )?(?:\.venv/bin/)?(maskwright .*)$", line)
            if match:
                found.append(shlex.split(match[1]))
    return found


@pytest.mark.parametrize("command", commands(), ids=lambda command: " ".join(command)[:60])
def test_a_documented_command_and_its_options_exist(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    _, *arguments = command
    verb = [argument for argument in arguments[:2] if argument in SUBCOMMANDS]
    assert main([arguments[0], *verb, "--help"]) == 0
    shown = capsys.readouterr().out
    for option in (argument for argument in arguments if argument.startswith("-")):
        assert option in shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_to_another_page_leads_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_documented_commands_are_more_than_a_few() -> None:
    assert len(commands()) >= 6


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    annotations = write_shapes(tmp_path / "data", 2)
    shutil.copytree(annotations.parent / "images", tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    exec(compile(block[1], "README.md", "exec"), {})
    assert len(list((tmp_path / "predictions" / "label_maps").iterdir())) == 2


def schema_keys(section: type[BaseModel], prefix: str = "") -> set[str]:
    """Every leaf key of the schema by its dotted path."""
    keys: set[str] = set()
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys |= schema_keys(field.annotation, f"{prefix}{name}.")
        else:
            keys.add(f"{prefix}{name}")
    return keys


def test_every_recipe_key_is_documented() -> None:
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    missing = {key for key in schema_keys(Recipe) if key.rpartition(".")[2] not in text}
    assert missing == set()


def test_every_shipped_recipe_is_documented() -> None:
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert [name for name in shipped() if f"`{name}`" not in text] == []
