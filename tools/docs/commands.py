"""The reference of the command line, from the commands themselves."""

from collections.abc import Iterator

from typer.main import get_command

from maskwright.cli.app import app
from tools.docs.markdown import block, code, prose, table


def commands_page() -> str:
    """Return the page: what each command does, how it is called, its arguments and options."""
    parts = [
        "# Commands",
        "`maskwright COMMAND --help` prints the same on the terminal. Every command exits with 0 when it is done, "
        "with 1 when the work failed or found errors in the data, and with 2 when it was called wrongly.",
    ]
    for context in _contexts(get_command(app), "maskwright", None):
        parts += _section(context)
    return "\n\n".join(parts) + "\n"


def _contexts(command, name: str, parent) -> Iterator:
    """Yield the context of every command that can be called, in the order of the help."""
    context = command.context_class(command, info_name=name, parent=parent)
    commands = getattr(command, "commands", {})
    if parent is not None and (not commands or command.invoke_without_command):
        yield context
    for key, child in commands.items():
        yield from _contexts(child, key, context)


def _section(context) -> list[str]:
    """Return the section of one command."""
    command = context.command
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    parts = [f"## {context.command_path}", prose(command.help or ""), block(usage, "text")]
    shown = [param for param in command.get_params(context) if param.name != "help" and not param.hidden]
    arguments = [param for param in shown if param.param_type_name == "argument"]
    options = [param for param in shown if param.param_type_name == "option"]
    for title, params in (("Argument", arguments), ("Option", options)):
        rows = [param.get_help_record(context) for param in params]
        if rows:
            parts.append(table([title, "Meaning"], [[code(left), prose(right)] for left, right in rows]))
    return parts
