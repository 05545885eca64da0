"""The classes that the category ids of results mean; they meet the truth's by name where their names are known."""

from collections.abc import Mapping
from pathlib import Path

from maskwright.errors import DataError, nearest
from maskwright.evaluation.results.index import ClassIndex
from maskwright.files import read_json
from maskwright.structures import ClassTable, normalise_name

CLASSES_FILE = "classes.json"


def read_class_table(path: Path) -> ClassTable:
    """Return the class table in the ``classes.json`` at ``path``; raise ``DataError`` when the file holds none."""
    try:
        return ClassTable.from_json(read_json(path))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: is no class table ({type(error).__name__}: {error}); expected [{{index, name, color, "
            "source_ids}}, …] as Maskwright writes it. Write it again, or move it away."
        ) from error


def class_index(results: Path, names: Mapping[int, str], others: Mapping[int, str] | None = None) -> ClassIndex:
    """Return how the category ids in the file ``results`` map to those of the truth.

    ``names`` are the truth's class names by category id. With a ``classes.json`` beside the results the ids are its
    indices, and classes meet by name. Without one they are the truth's own ids. ``others`` are categories of the truth,
    name by id, that are not to be scored.

    Raises ``DataError`` when ``classes.json`` shares no name with the truth, or shares one that two of the truth's
    categories have.
    """
    path = results.parent / CLASSES_FILE
    if not path.is_file():
        return ClassIndex({category_id: category_id for category_id in names}, others or {})
    return index_by_name(path, read_class_table(path), names)


def index_by_name(source: Path | str, table: ClassTable, names: Mapping[int, str]) -> ClassIndex:
    """Return how the indices of the class ``table`` map to the truth's category ids, matching classes by name.

    ``names`` are the truth's class names by category id. ``source`` names the table in messages. Raises ``DataError``
    when no name is shared, or a shared one is the name of two of the truth's categories.
    """
    by_name: dict[str, list[int]] = {}
    for category_id, name in names.items():
        by_name.setdefault(normalise_name(name), []).append(category_id)
    shared = [c for c in table if normalise_name(c.name) in by_name]
    if not shared:
        known = ", ".join(f"'{name}'" for name in list(by_name)[:5])
        close = nearest(table.names[0], by_name) if table.names else []
        hint = f" Nearest to '{table.names[0]}': {', '.join(close)}." if close else ""
        raise DataError(f"{source}: has no class of the truth, which has {known}; expected the same names.{hint}")
    for c in shared:
        if len(by_name[normalise_name(c.name)]) > 1:
            raise DataError(f"The truth has two categories called '{c.name}'; expected one. Rename or merge them.")
    return ClassIndex(
        {c.index: by_name[normalise_name(c.name)][0] for c in shared},
        {c.index: c.name for c in table if c not in shared},
    )
