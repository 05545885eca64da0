"""The reference of the command line."""

import re

from maskwright.cli.app import app
from tools.docs.commands import commands_page


def test_every_command_has_a_section_with_its_options() -> None:
    page = commands_page()
    sections = re.findall(r"^## maskwright (.*)$", page, re.MULTILINE)
    named = {command.name for command in app.registered_commands}
    assert named <= set(sections)
    assert {"score instance", "score semantic", "weights convert", "recipes", "recipes copy"} <= set(sections)
    run = page.partition("## maskwright run\n")[2].partition("\n## ")[0]
    assert "`--set KEY=VALUE`" in run
    assert "`--resume`" in run
    assert "maskwright run [OPTIONS]" in run


def test_groups_that_do_nothing_alone_have_no_section() -> None:
    assert "## maskwright score\n" not in commands_page()
