"""The records of models and published weights that are listed, kept in a file, so that a list needs no PyTorch.

``python -m tools.model_listing`` writes the file from the catalogue; a test compares the two.
"""

from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from maskwright.errors import UsageError, nearest, unknown_name


def listed_models() -> list[dict[str, Any]]:
    """Return a record of each model of the catalogue and of each pattern, see :func:`maskwright.list_models`."""
    return _listing()["models"]


def listed_weights() -> list[dict[str, Any]]:
    """Return a record of each published checkpoint; see :func:`maskwright.models.published_weights.list_weights`."""
    return _listing()["weights"]


def require_listed_model(name: str) -> None:
    """Raise ``UsageError`` with the nearest names unless there is a model ``name``; of a pattern any name passes.

    What is built of a pattern, the catalogue knows, see :func:`maskwright.models.catalogue.find_model`.
    """
    names = [model["name"] for model in listed_models()]
    patterns = {pattern.partition(":")[0] for pattern in names if ":" in pattern}
    if name in names or (":" in name and name.partition(":")[0] in patterns):
        return
    raise unknown_model(name, names)


def unknown_model(name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a model that is not in ``known``: the nearest names or all, and how to list them."""
    known = sorted(known)
    if not nearest(name, known):
        return UsageError(f"Unknown model '{name}'. Known: {', '.join(known)}.").try_next("models")
    error = unknown_name("model", name, known)
    return error if error.next_command is not None else error.try_next("models")


@cache
def _listing() -> dict[str, list[dict[str, Any]]]:
    file = resources.files("maskwright.models.listing") / "records.json"
    return msgspec.json.decode(file.read_bytes(), type=dict[str, list[dict[str, Any]]])
