"""What the command line says of a checkpoint to convert: its classes and the options of its model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from maskwright.errors import UsageError
from maskwright.files import read_json


def parse_classes(text: str | None) -> list[str] | None:
    """Class names from ``NAME,NAME``, from a ``classes.json``, or from a text file of one name a line."""
    if text is None:
        return None
    path = Path(text)
    if not path.is_file():
        return [name.strip() for name in text.split(",")]
    try:
        if path.suffix == ".json":
            return [record["name"] for record in sorted(read_json(path), key=lambda record: record["index"])]
        lines = path.read_text(encoding="utf-8").splitlines()
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path}: cannot be read as class names ({error}); expected a classes.json or one name a line."
        ) from error
    return [line.strip() for line in lines if line.strip()]


def parse_options(pairs: Sequence[str] | None) -> dict[str, Any]:
    """Options from ``NAME=VALUE`` pairs, values as in YAML; ``UsageError`` for one without ``=`` or that is no YAML."""
    options = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        try:
            options[name.strip()] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UsageError(f"--set {pair}: {value!r} is not a value ({error}).") from error
        if not equals or not name.strip():
            raise UsageError(f"--set {pair}: expected OPTION=VALUE, e.g. short_side=640.")
    return options
