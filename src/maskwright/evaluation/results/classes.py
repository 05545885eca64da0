"""The classes that the category ids of results mean; they meet the truth's by name where their names are known."""

from collections.abc import Mapping
from pathlib import Path

from maskwright.errors import DataError, nearest
from maskwright.evaluation.results.index import ClassIndex
from maskwright.files import read_json
from maskwright.structures import ClassTable, normalise_name

CLASSES_FILE = "classes.json"


def read_class_table(path: Path) -> ClassTable:
    """Return the class table in the ``classes.json`` at ``path``.

    Raises ``DataError`` when the file holds none, or gives two classes one category id.
    """
    try:
        table = ClassTable.from_json(read_json(path))
        return table.with_category_ids(table.category_ids)
    except (ValueError, DataError) as error:
        raise DataError(
            f"{path}: is no class table ({error}); expected [{{index, name, color, "
            "source_ids, category_id}}, …] as Maskwright writes it. Write it again, or move it away."
        ) from error


def class_index(results: Path, names: Mapping[int, str], others: Mapping[int, str] | None = None) -> ClassIndex:
    """Return how the category ids in the file ``results`` map to those of the truth.

    ``names`` are the truth's class names by category id. With a ``classes.json`` beside the results the ids are its
    category ids, or its indices where an earlier version wrote none, and classes meet by name. Without one they are the
    truth's own ids. ``others`` are categories of the truth, name by id, that are not to be scored.

    Raises ``DataError`` when ``classes.json`` shares no name with the truth, or shares one that two of the truth's
    categories have.
    """
    path = results.parent / CLASSES_FILE
    if not path.is_file():
        return ClassIndex({category_id: category_id for category_id in names}, others or {})
    table = read_class_table(path)
    return index_by_name(path, dict(zip(table.category_ids, table.names, strict=True)), names)


def index_by_name(source: Path | str, given: Mapping[int, str], names: Mapping[int, str]) -> ClassIndex:
    """Return how the ids of ``given``, class names by id, map to the truth's category ids, matching classes by name.

    ``names`` are the truth's class names by category id. ``source`` names the ids' origin in messages. Raises
    ``DataError`` when no name is shared, or a shared one is the name of two of the truth's categories.
    """
    by_name: dict[str, list[int]] = {}
    for category_id, name in names.items():
        by_name.setdefault(normalise_name(name), []).append(category_id)
    shared = {number: normalise_name(name) for number, name in given.items() if normalise_name(name) in by_name}
    if not shared:
        known = ", ".join(f"'{name}'" for name in list(by_name)[:5])
        first = next(iter(given.values()), "")
        close = nearest(first, by_name) if first else []
        hint = f" Nearest to '{first}': {', '.join(close)}." if close else ""
        raise DataError(f"{source}: has no class of the truth, which has {known}; expected the same names.{hint}")
    for name in shared.values():
        if len(by_name[name]) > 1:
            raise DataError(f"The truth has two categories called '{name}'; expected one. Rename or merge them.")
    return ClassIndex(
        {number: by_name[name][0] for number, name in shared.items()},
        {number: name for number, name in given.items() if number not in shared},
    )
