"""The words that people type: class names without commas, options of other tools, a glob without quotes.

They are taken as meant where they can mean one thing only. All others are answered with the line to type.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

# Typer brings its own copy of click or uses click's, by version; the error of wrong usage is the base of this one.
_WrongUsage: type[Exception] = typer.BadParameter.__bases__[0]

_NAMES = ("--classes", "--ignore-classes")
_NO_NAME = re.compile(
    r"[\\/=]|\.(json|gz|ya?ml|txt|csv|zip|pkl|pth?|safetensors|jpe?g|png|bmp|tiff?|webp)$", re.IGNORECASE
)

# Options of other tools, and the nearest of ours.
_OTHER_OPTIONS = {
    **dict.fromkeys(("--conf", "--confidence", "--threshold", "--score-threshold", "--min-score"), "--score"),
    **dict.fromkeys(("-o", "--output", "--output-dir", "--out-dir", "--save-dir"), "--out"),
    **dict.fromkeys(("--image-dir", "--images-dir", "--image-folder", "--img-dir"), "--images"),
    **dict.fromkeys(("--batch-size", "--batch_size"), "--batch"),
    **dict.fromkeys(("--imgsz", "--img-size", "--image-size", "--input-size"), "--size"),
    **dict.fromkeys(("--learning-rate", "--lr0"), "--lr"),
    **dict.fromkeys(("--epoch", "--num-epochs", "--max-epochs"), "--epochs"),
    **dict.fromkeys(("--class", "--names"), "--classes"),
    **dict.fromkeys(("--force", "-f", "--exist-ok"), "--overwrite"),
}


class Commands(TyperGroup):
    """The commands, whose arguments may be spelt as people spell them, and whose errors name the line to type."""

    typed: Sequence[str] = ()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse ``args`` with class names joined; see :func:`with_names_joined`."""
        self.typed = with_names_joined(args)
        return super().parse_args(ctx, list(self.typed))

    def invoke(self, ctx: Any) -> Any:
        """Run the command; wrong usage gets the line to type where one is known."""
        try:
            return super().invoke(ctx)
        except _WrongUsage as error:
            _add_hint(error, self.typed)
            raise


def with_names_joined(arguments: Sequence[str]) -> list[str]:
    """Return ``arguments`` with the class names after ``--classes`` joined by commas.

    Names end at the next option, at a file, and at ``KEY=VALUE``.

    Example:
        >>> with_names_joined(["masks", "--classes", "person", "dog", "labels.json", "--out", "masks"])
        ['masks', '--classes', 'person,dog', 'labels.json', '--out', 'masks']
    """
    joined: list[str] = []
    collecting = False
    for argument in arguments:
        if argument.partition("=")[0] in _NAMES:
            collecting = True
            joined.append(argument)
        elif collecting and joined[-1] in _NAMES and not argument.startswith("-"):
            joined.append(argument)
        elif collecting and not argument.startswith("-") and not _NO_NAME.search(argument):
            joined[-1] = f"{joined[-1].rstrip(',')},{argument.lstrip(',')}".rstrip(",")
        else:
            collecting = False
            joined.append(argument)
    return joined


def _add_hint(error: Any, typed: Sequence[str]) -> None:
    hint = _hint(error, typed)
    if hint is not None:
        error.possibilities = None  # the hint is nearer
        missing = type(error).__name__ == "MissingParameter"  # which says itself what is missing
        error.message = hint if missing else f"{error.format_message().rstrip('.')}. {hint}"


def _hint(error: Any, typed: Sequence[str]) -> str | None:
    message = error.format_message()
    if error.ctx is None:
        return None
    known = {option for parameter in error.ctx.command.params for option in parameter.opts}
    if type(error).__name__ == "NoSuchOption":
        return _instead_of_option(error.option_name, known, typed)
    if message.startswith("Missing argument") and any(option in typed for option in _NAMES):
        return "Write it before --classes, which takes all the names that follow."
    if message.startswith("Got unexpected extra argument"):
        extra = message.rpartition("(")[2].rstrip(").").split()
        return _instead_of_extra(extra, known, error.ctx.command.name)
    return None


def _instead_of_option(option: str, known: set[str], typed: Sequence[str]) -> str | None:
    """Return what to type instead of ``option``: an option of the command, or a key of the recipe with its value."""
    ours = _OTHER_OPTIONS.get(option)
    value = _value_of(option, typed)
    if ours in known:
        return f"Use {ours} {value}.".replace(" .", ".")
    if "--set" not in known:
        return None
    from maskwright.recipes.schema import Recipe
    from maskwright.recipes.setting_names import recipe_key

    key = recipe_key(option.lstrip("-").replace("-", "_"), Recipe)
    return f"Use --set {key}={value or 'VALUE'}." if key is not None else None


def _value_of(option: str, typed: Sequence[str]) -> str:
    """Return the value that was typed for ``option``, empty when there is none."""
    for position, argument in enumerate(typed):
        name, equals, value = argument.partition("=")
        if name == option:
            following = typed[position + 1] if position + 1 < len(typed) else ""
            return value if equals else following if not following.startswith("-") else ""
    return ""


def _instead_of_extra(extra: Sequence[str], known: set[str], command: str | None) -> str | None:
    settings = [argument.partition("=") for argument in extra if "=" in argument]
    for key, _, value in settings:
        option = f"--{key.lstrip('-').replace('_', '-')}"
        ours = option if option in known else _OTHER_OPTIONS.get(option)
        if ours in known:
            return f"Use {ours} {value}."
    if extra and not settings and all(Path(argument).exists() for argument in extra):
        return f"`{command}` takes one file or folder. Run it once for each."
    return None
