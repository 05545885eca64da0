"""Parse the options of ``weights convert``: the classes of a checkpoint and the options of its model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from maskwright.bounded_yaml import BoundedLoader
from maskwright.control_characters import unquote_name
from maskwright.errors import UsageError, one_line
from maskwright.files import read_json


def parse_classes(text: str | None) -> list[str] | None:
    """Return class names from ``NAME,NAME``, a ``classes.json``, or a text file with a name a line.

    Raises ``UsageError`` when the file cannot be read as class names.
    """
    if text is None:
        return None
    path = Path(text)
    if not path.is_file():
        return [name.strip() for name in text.split(",")]
    try:
        if path.suffix == ".json":
            return [_text(record["name"]) for record in sorted(read_json(path), key=lambda record: record["index"])]
        lines = path.read_text(encoding="utf-8").splitlines()
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path}: cannot be read as class names ({error}); expected a classes.json or one name a line."
        ) from error
    return [unquote_name(line.strip()) for line in lines if line.strip()]


def _text(name: Any) -> str:
    if not isinstance(name, str):
        raise ValueError(f"the name {name!r:.40} is no text")
    return name


def parse_options(pairs: Sequence[str] | None) -> dict[str, Any]:
    """Return options from ``NAME=VALUE`` pairs, with values as in YAML.

    Raises ``UsageError`` for a pair without ``=`` and for a value that is no YAML.
    """
    options = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        try:
            options[name.strip()] = yaml.load(value, BoundedLoader)
        except yaml.YAMLError as error:
            raise UsageError(
                f"--set {pair}: {value!r} is not a YAML value ({one_line(error)}); expected OPTION=VALUE."
            ) from error
        if not equals or not name.strip():
            raise UsageError(f"--set {pair}: expected OPTION=VALUE, e.g. short_side=640.")
    return options
