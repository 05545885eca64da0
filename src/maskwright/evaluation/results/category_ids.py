"""The category ids of COCO results: those of an annotation file or of a model's training file, else class indices.

In memory a class is its index. Tools such as pycocotools compare the ids of results with those of the truth, and say
nothing when they mean other classes; so what is written bears the ids of the file that it belongs to.
"""

from collections.abc import Iterable, Mapping
from typing import cast

from maskwright.errors import DataError
from maskwright.structures import ClassTable, ResultRecord, normalise_name


def of_annotation_file(table: ClassTable, categories: Mapping[int, str]) -> ClassTable:
    """Return ``table`` with the category ids of an annotation file, whose ``categories`` are names by id.

    Of several categories of one name it is the lowest id. A class that the file lacks gets an id above all of the
    file's, which evaluators then leave out; so no id means another class than in the file. Without any ``categories``
    the indices are the ids.
    """
    if not categories:
        return table.with_category_ids([c.index for c in table])
    by_name: dict[str, int] = {}
    for category_id, name in sorted(categories.items()):
        by_name.setdefault(normalise_name(name), category_id)
    free = max(0, *categories) + 1
    ids = []
    for c in table:
        if c.name not in by_name:
            by_name[c.name], free = free, free + 1
        ids.append(by_name[c.name])
    return table.with_category_ids(ids)


def of_model(table: ClassTable) -> ClassTable:
    """Return a model's ``table`` with the category ids of the file that it was trained on.

    They are known where each class has exactly one source id, as COCO's classes in published weights have. Else the
    indices are the ids.
    """
    own = [c.source_ids[0] for c in table if len(c.source_ids) == 1]
    return table.with_category_ids(own if len(set(own)) == len(table) else [c.index for c in table])


def with_category_ids(records: Iterable[ResultRecord], table: ClassTable) -> list[ResultRecord]:
    """Return the ``records``, whose ``category_id`` is an index of ``table``, with the category ids of the table."""
    ids = {c.index: category_id for c, category_id in zip(table, table.category_ids, strict=True)}
    return [cast(ResultRecord, {**each, "category_id": ids[each["category_id"]]}) for each in records]


def with_indices(records: Iterable[ResultRecord], table: ClassTable) -> list[ResultRecord]:
    """Return the ``records``, whose ``category_id`` is one of ``table``'s, with the indices of the table.

    Raises ``DataError`` for an id that the table does not have.
    """
    indices = {category_id: c.index for c, category_id in zip(table, table.category_ids, strict=True)}
    try:
        return [cast(ResultRecord, {**each, "category_id": indices[each["category_id"]]}) for each in records]
    except KeyError as error:
        known = ", ".join(map(str, list(indices)[:5]))
        raise DataError(
            f"A result has the category id {error}; expected one of classes.json beside it, which has {known} …. "
            "Write the predictions again."
        ) from error
