"""The layout of a YOLO data set: the names of its classes and the places of its parts.

The layouts are ``images/<part>`` + ``labels/<part>``, ``<part>/images`` + ``<part>/labels``, and text files that list
images.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from maskwright.bounded_yaml import BoundedLoader
from maskwright.control_characters import escape_controls, has_controls, unquote_name
from maskwright.errors import DataError, UsageError, one_line, require_folder
from maskwright.files import read_regular_file, write_text
from maskwright.structures import normalise_name

PARTS = ("train", "val", "valid", "test")

# Other names of the parts that YOLO's tools need.
_ALIASES = {"train": ("training",), "val": ("valid", "validation")}


@dataclass(frozen=True)
class Layout:
    """The folder of a data set, its class names by index, and the places of each part as in ``data.yaml``.

    A part in the places of an earlier one is not among ``parts``; ``repeated`` has the name of that one.
    """

    root: Path
    names: dict[int, str]
    parts: dict[str, list[str]]
    repeated: dict[str, str] = field(default_factory=dict)


def read_layout(source: Path) -> Layout:
    """Return the layout of a YOLO folder, or of the folder of a ``data.yaml``.

    Raises ``UsageError`` when there is no such folder, or several YAML files in it. Raises ``DataError`` when the YAML
    is invalid or class names are missing.
    """
    if source.suffix in (".yaml", ".yml") and source.is_file():
        return _from_yaml(source)
    root = require_folder(source, "YOLO data set")
    configurations = sorted([*root.glob("*.yaml"), *root.glob("*.yml")])
    chosen = [path for path in configurations if path.stem in ("data", "dataset")][:1] or configurations
    if len(chosen) > 1:
        names = ", ".join(path.name for path in chosen)
        raise UsageError(f"{root}: has several YAML files ({names}); expected one. Name the one to read as SRC.")
    if chosen:
        return _from_yaml(chosen[0])
    names = root / "classes.txt"
    if not names.is_file():
        raise DataError(
            f"{root}: has neither data.yaml nor classes.txt; expected one of them with the class names. Add it."
        )
    lines = names.read_text(encoding="utf-8", errors="replace").splitlines()
    named = {i: normalise_name(unquote_name(line.strip())) for i, line in enumerate(lines) if line.strip()}
    return Layout(root, named, _usual_parts(root))


def write_data_yaml(folder: Path, classes: list[str], parts: Sequence[str]) -> None:
    """Write ``data.yaml`` with the folder of each part, relative to it, and the class names by index.

    It always has the keys ``train`` and ``val``, which YOLO's tools need; see :func:`parts_in_place_of_others`.
    """
    places = {part: f"images/{part}" for part in parts}
    lines = [_yaml({part: place}) for part, place in places.items()]
    for part, other in parts_in_place_of_others(parts).items():
        comment = "the same part by its other name" if other in _ALIASES[part] else f"not of its own: those of {other}"
        lines.append(f"{_yaml({part: places[other]}).rstrip()}  # {comment}\n")
    write_text(folder / "data.yaml", "".join([*lines, _names_text(classes)]))


def parts_in_place_of_others(parts: Sequence[str]) -> dict[str, str]:
    """Return the part that stands for ``train`` or ``val`` in ``data.yaml`` where there is none of that name.

    It is the part of another usual name, such as ``validation`` for ``val``, else the first.
    """
    found = {}
    for part, aliases in _ALIASES.items():
        if parts and part not in parts:
            found[part] = next((alias for alias in aliases if alias in parts), parts[0])
    return found


def _yaml(content: dict[str, Any]) -> str:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)


def _names_text(classes: Sequence[str]) -> str:
    if not any(map(has_controls, classes)):
        return _yaml({"names": dict(enumerate(classes))})
    # PyYAML would break a line within such a name.
    quoted = (escape_controls(json.dumps(name, ensure_ascii=False)) for name in classes)
    return "names:\n" + "".join(f"  {index}: {name}\n" for index, name in enumerate(quoted))


def inside(root: Path, value: str) -> Path | None:
    """Return the place that ``value`` means inside ``root``, or None when it leads out, or no file can have its name.

    Leading ``../`` are removed, because exporters write ``../train/images`` for a folder beside ``data.yaml``. Links in
    the folder may lead out of it.
    """
    parts = [part for part in PurePosixPath(value.replace("\\", "/")).parts if part != "."]
    while parts and parts[0] == "..":
        parts.pop(0)
    place = root.joinpath(*parts)
    try:
        place.exists()
    except OSError:  # such as a name that is too long
        return None
    climbs = ".." in parts or not place.is_relative_to(root)
    return None if climbs and not place.resolve().is_relative_to(root.resolve()) else place


def labels_beside(root: Path, place: Path) -> Path:
    """Return the place of the labels of images at ``place``: the last ``images`` of its path becomes ``labels``.

    Only the path below ``root`` is changed.
    """
    parts = list(place.relative_to(root).parts)
    for position in range(len(parts) - 1, -1, -1):
        if parts[position] == "images":
            parts[position] = "labels"
            break
    return root.joinpath(*parts)


def _from_yaml(path: Path) -> Layout:
    try:
        content = yaml.load(read_regular_file(path).decode("utf-8"), BoundedLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        found = one_line(error)
        raise DataError(f"{path}: is not valid YAML ({found}); expected a YOLO data set. Correct it.") from error
    names = _names(content.get("names")) if isinstance(content, dict) else None
    if names is None:
        raise DataError(f"{path}: has no names; expected a list of class names, or a mapping from index to name.")
    root, parts = path.parent, {}
    for part in PARTS:
        values = [_under(root, content.get("path"), value) for value in _strings(content.get(part))]
        if values:
            parts[part] = values
    parts = parts or _usual_parts(root)
    first = {tuple(values): part for part, values in reversed(parts.items())}
    repeated = {part: first[tuple(values)] for part, values in parts.items() if first[tuple(values)] != part}
    return Layout(root, names, {part: parts[part] for part in parts if part not in repeated}, repeated)


def _names(value: Any) -> dict[int, str] | None:
    pairs = dict(enumerate(value)) if isinstance(value, list) else value
    if not isinstance(pairs, dict) or not pairs:
        return None
    if not all(type(i) is int and isinstance(name, str | int | float) for i, name in pairs.items()):
        return None
    return {i: normalise_name(str(name)) for i, name in sorted(pairs.items())}


def _strings(value: Any) -> list[str]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str) and each.strip()]


def _under(root: Path, base: Any, value: str) -> str:
    """Return ``value`` below the ``path`` of ``data.yaml`` where that exists inside ``root``, else ``value`` itself.

    ``path`` often names a place on the machine that wrote it.
    """
    joined = f"{base}/{value}" if isinstance(base, str) else value
    place = inside(root, joined)
    return joined if place is not None and (place.exists() or labels_beside(root, place).exists()) else value


def _usual_parts(root: Path) -> dict[str, list[str]]:
    """Return the parts of a folder without ``data.yaml``, or with one that names none."""
    places = [(part, place) for part in PARTS for place in (f"images/{part}", f"{part}/images")]
    places += [("train", "images")]
    found: dict[str, list[str]] = {}
    for part, place in places:
        if (root / place).is_dir() or labels_beside(root, root / place).is_dir():
            if place == "images" and found:
                break
            found.setdefault(part, [place])
    return found or {"train": ["."]}
