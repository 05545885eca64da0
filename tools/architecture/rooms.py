"""The rooms of the house: the top folders and files of the package, in layers, and who imports whom."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Collection
from functools import cache
from typing import Any

from tools.architecture.import_graph import MASKWRIGHT, ROOT

Arrow = tuple[str, str]  # from a room to one that it imports


@cache
def contracts() -> dict[str, dict[str, Any]]:
    """The contracts of import-linter in pyproject.toml, by their id."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    return {contract["id"]: contract for contract in settings["contracts"]}


def layers() -> list[list[str]]:
    """The rooms from top to bottom; those of one layer never import each other."""
    return [re.findall(r"\w+", layer) for layer in contracts()["layers"]["layers"]]


def rooms() -> list[str]:
    """Every room, from top to bottom."""
    return [room for layer in layers() for room in layer]


def torch_free() -> set[str]:
    """The rooms that a contract keeps free of torch."""
    return {module.removeprefix("maskwright.") for module in contracts()["torch-free"]["source_modules"]}


def purpose(room: str) -> str:
    """The first line of the room's docstring, without the room's name where it begins with it."""
    tree = ast.parse(MASKWRIGHT.files[f"maskwright.{room}"].read_text(encoding="utf-8"))
    found = ast.get_docstring(tree)
    if found is None:
        raise ValueError(f"maskwright/{room} has no docstring; expected one line that says what it holds")
    prefix = rf"^{room.replace('_', ' ')}: (\w)"
    line = re.sub(prefix, lambda match: match[1].upper(), found.splitlines()[0], flags=re.IGNORECASE)
    return line.removesuffix(".").replace("``", "`")


def arrows() -> Counter[Arrow]:
    """How many imports lead from one room to another."""
    found: Counter[Arrow] = Counter()
    for module, imported in MASKWRIGHT.imports.items():
        for other in imported:
            arrow = room_of(module), room_of(other)
            if arrow[0] != arrow[1] and set(arrow) <= set(rooms()):
                found[arrow] += 1
    return found


def room_of(module: str) -> str:
    """The room of a module; empty for the package itself."""
    return module.removeprefix("maskwright").lstrip(".").split(".")[0]


def direct(found: Collection[Arrow]) -> list[Arrow]:
    """The arrows that no way over other rooms stands for (the transitive reduction)."""
    return sorted(
        (start, end)
        for start, end in found
        if not any(end in reached(other, found) for origin, other in found if origin == start and other != end)
    )


def reached(room: str, found: Collection[Arrow]) -> set[str]:
    """The rooms that one comes to from ``room`` along the arrows."""
    there: set[str] = set()
    todo = [room]
    while todo:
        start = todo.pop()
        new = {end for origin, end in found if origin == start} - there
        there |= new
        todo += new
    return there
