"""The ids of an annotation file for results on its images: category ids by class name, image ids by file name."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from maskwright.annotations.coco.file import category_names, read_coco
from maskwright.errors import DataError, nearest, require_file, some_of
from maskwright.evaluation.results.category_ids import of_annotation_file
from maskwright.structures import ClassTable


@dataclass(frozen=True)
class FileIds:
    """The ids of results: ``table`` has the category ids, ``images`` the image id by file name.

    ``remarks`` are lines on classes and images that the annotation file lacks.
    """

    table: ClassTable
    images: dict[str, int]
    remarks: tuple[str, ...] = ()


def running_ids(table: ClassTable, names: Iterable[str]) -> FileIds:
    """Return the category ids of ``table``, and for the images called ``names`` the numbers from 1."""
    return FileIds(table, {name: number for number, name in enumerate(names, start=1)})


def read_file_ids(path: Path, table: ClassTable, names: Iterable[str]) -> FileIds:
    """Return the ids that the COCO file at ``path`` has for the classes of ``table`` and the images called ``names``.

    Images are compared by name without folders. What the file lacks gets ids above all of the file's.

    Raises ``UsageError`` when there is no such file, ``DataError`` when it cannot be read or shares no class.
    """
    coco = read_coco(require_file(path, "annotations"))
    categories = category_names(coco)
    shared = set(categories.values()) & set(table.names)
    if not shared:
        close = nearest(table.names[0], categories.values()) if table.names else []
        hint = f" Nearest to '{table.names[0]}': {', '.join(close)}." if close else ""
        raise DataError(
            f"{path}: has none of the classes {some_of(table.names)}; expected the annotation file of the images, with "
            f"classes of the same names.{hint}"
        )
    by_name: dict[str, set[int]] = {}
    for image in coco.images:
        by_name.setdefault(_bare(image.file_name), set()).add(image.id)
    ids, lacking = {}, []
    above = max((image.id for image in coco.images), default=0) + 1
    for name in names:
        found = by_name.get(name, set())
        ids[name] = next(iter(found)) if len(found) == 1 else above + len(lacking)
        if len(found) != 1:
            lacking.append(name)
    missing = [name for name in table.names if name not in shared]
    return FileIds(of_annotation_file(table, categories), ids, tuple(_remarks(path, missing, lacking)))


def _remarks(path: Path, classes: list[str], images: list[str]) -> Iterator[str]:
    if classes:
        yield f"{path}: has no category {some_of(classes)}; the class has an id above all of the file's."
    if images:
        yield (
            f"{path}: names {len(images)} of the images not at all or twice ({some_of(images, 3)}); they have ids "
            "above all of the file's, which pycocotools refuses."
        )


def _bare(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]
