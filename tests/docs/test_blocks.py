"""Every code block of the documentation is run, or its commands and keys exist, or it says why not."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from maskwright.annotations.groups import read_grouping
from maskwright.annotations.taxonomy.loading import read_taxonomy
from maskwright.cli.app import app
from maskwright.errors import MaskwrightError
from maskwright.recipes.loading import load_recipe, load_transfer, validate_recipe
from maskwright.recipes.schema import Recipe
from tests.docs.blocks import PAGES, ROOT, Block, blocks

BLOCKS = [block for page in PAGES for block in blocks(page)]
LOOKED_AT = [block for block in BLOCKS if block.not_run is None]
COMMANDS = [(block, line) for block in LOOKED_AT if block.language == "" for line in block.commands]

# What zsh, the shell of macOS, expands and refuses where nothing fits, once quoted parts are taken out.
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\\.")
_EXPANDED_BY_ZSH = re.compile(r"[\[\]*?(){}]|(?:^|\s)[=#]")
_ENVIRONMENT = re.compile(r"^(?:[A-Z_]+=\S+ )+")
_WHOLE = {"name": "a", "task": "instance", "data": {"shapes": {}}, "model": {"name": "a"}, "train": {"epochs": 1}}


def named(block: Block | tuple[Block, str]) -> str:
    return block.where if isinstance(block, Block) else f"{block[0].where} {block[1][:50]}"


def test_there_are_blocks_of_every_kind() -> None:
    assert {block.language for block in LOOKED_AT} == {"", "python", "yaml", "json"}
    assert len(COMMANDS) > 60
    assert any(block.not_run for block in BLOCKS)


@pytest.mark.parametrize("command", COMMANDS, ids=named)
def test_a_command_and_its_options_exist(command: tuple[Block, str]) -> None:
    program, *arguments = shlex.split(_ENVIRONMENT.sub("", command[1]), comments=True)
    if program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert set(arguments) <= set(targets)
    elif program == "python":
        saved = {block.title for block in blocks(command[0].page)}
        assert (ROOT / arguments[0]).is_file() or arguments[0] in saved
    elif program == "pip":
        assert arguments[0] == "install"
        extras = set(re.findall(r"\[([a-z,]+)\]", " ".join(arguments)))
        assert extras <= set(re.findall(r"^([a-z]+) = \[", (ROOT / "pyproject.toml").read_text(), re.MULTILINE))
    else:
        assert program == "maskwright", "neither a command of ours nor marked with <!-- not run: why -->"
        require_command(arguments)


TYPED = [(block, line) for block in BLOCKS for line in block.commands if line.startswith(("maskwright ", "pip "))]


@pytest.mark.parametrize("command", TYPED, ids=named)
def test_a_command_can_be_typed_in_zsh(command: tuple[Block, str]) -> None:
    assert _EXPANDED_BY_ZSH.search(_QUOTED.sub("", command[1])) is None, "put it in quotes"


def require_command(arguments: list[str]) -> None:
    """Assert that the words and options of a command line are those of a command."""
    command: Any = get_command(app)
    words = list(arguments)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    context = command.context_class(command)
    known = {name for option in command.get_params(context) for name in (*option.opts, *option.secondary_opts)}
    used = {word.partition("=")[0] for word in words if word.startswith("-")}
    assert used <= known
    assert not hasattr(command, "commands") or set(words) == used, f"{words[:1]} is no command"


@pytest.mark.parametrize("block", [block for block in LOOKED_AT if block.language == "json"], ids=named)
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", [block for block in LOOKED_AT if block.language == "yaml"], ids=named)
def test_yaml_is_a_recipe_or_a_part_of_one_or_a_file_that_recipes_name(block: Block, tmp_path: Path) -> None:
    content = yaml.safe_load(block.text)
    path = tmp_path / "block.yaml"
    path.write_text(block.text, encoding="utf-8")
    if "targets" in content:
        load_transfer(str(path))
    elif "name" in content:
        load_recipe(str(path))
    elif set(content) <= set(Recipe.model_fields) and not {"ignore", "absent"} & set(content):
        validate_recipe(_WHOLE | content, block.where)
    elif "classes" in content:
        read_taxonomy(str(path))
    else:
        read_grouping(str(path))


def test_a_block_that_no_reader_takes_is_found(tmp_path: Path) -> None:
    page = ROOT / "docs" / "invented.md"
    block = Block(page, 1, "yaml", None, "model: {nme: unet}", None)
    with pytest.raises(MaskwrightError):
        test_yaml_is_a_recipe_or_a_part_of_one_or_a_file_that_recipes_name(block, tmp_path)


@pytest.mark.parametrize(
    "arguments", [["chek", "labels.json"], ["check", "--no-such"], ["score", "instance", "--spam"]]
)
def test_a_command_that_does_not_exist_is_found(arguments: list[str]) -> None:
    with pytest.raises(AssertionError):
        require_command(arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_marker_stands_above_a_block(page: Path) -> None:
    markers = re.findall(r"^<!-- not run: .* -->$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(markers) == sum(block.not_run is not None for block in blocks(page))
