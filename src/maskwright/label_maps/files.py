"""The files of a folder of label maps: one PNG per image, ``classes.json`` and ``classes.txt``."""

from collections.abc import Sequence
from pathlib import Path

from maskwright.control_characters import lines_of_names
from maskwright.errors import DataError
from maskwright.files import write_json, write_text
from maskwright.masks.file_names import mask_file, name_collisions
from maskwright.structures import ClassTable


def mask_files(names: Sequence[str]) -> dict[str, str]:
    """Return the mask file ``<stem>.png`` of each image file name.

    Raises ``DataError`` when two images would share a mask file.
    """
    for first, other in name_collisions(names):
        raise DataError(
            f"The images '{names[first]}' and '{names[other]}' would share the mask file {mask_file(names[other])}; "
            "expected file names that differ before their suffix. Rename one of the images."
        )
    return {name: mask_file(name) for name in names}


def write_classes(folder: Path, table: ClassTable) -> None:
    """Write ``classes.json`` and ``classes.txt`` (one name per line, background first) to ``folder``.

    In ``classes.txt`` a name with control characters is in quotes, see
    :func:`maskwright.control_characters.quote_name`.
    """
    write_json(folder / "classes.json", table.to_json())
    write_text(folder / "classes.txt", lines_of_names(table.names_with_background))
