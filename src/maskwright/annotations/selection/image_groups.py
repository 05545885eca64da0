"""Groups of images, given by the user, that a split keeps in one part."""

import csv
import io
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from maskwright.annotations.coco.document import Document
from maskwright.annotations.coco.image_fields import image_field, image_field_names
from maskwright.control_characters import unquote_name
from maskwright.errors import DataError, require_file, unknown_name
from maskwright.files import read_regular_file

GROUP_FILES = (".csv", ".json")

_json = msgspec.json.Decoder(dict[str, str | int])


@dataclass(frozen=True)
class UserGroups:
    """The user's group of each image (``of``, by image id).

    ``unused`` are file names in the groups file that the COCO file does not list.
    """

    of: dict[int, str]
    unused: list[str]

    def sets(self) -> list[set[int]]:
        """Return the image ids of each group."""
        return sets_of(self.of.items())


def sets_of(pairs: Iterable[tuple[int, Any]]) -> list[set[int]]:
    """Return, for each distinct value in pairs of image id and value, the set of its image ids."""
    sets: dict[Any, set[int]] = {}
    for image_id, value in pairs:
        sets.setdefault(value, set()).add(image_id)
    return list(sets.values())


def merge_overlapping_sets(sets: Iterable[Collection[int]]) -> list[set[int]]:
    """Return sets of image ids after merging those that share an image; sets of a single image are omitted."""
    parent: dict[int, int] = {}

    def root(member: int) -> int:
        while parent.setdefault(member, member) != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    for together in sets:
        members = list(together)
        for member in members:
            first, other = sorted((root(members[0]), root(member)))
            parent[other] = first
    merged = sets_of((member, root(member)) for member in sorted(parent))
    return [together for together in merged if len(together) > 1]


def read_user_groups(document: Document, source: str) -> UserGroups:
    """Read the groups of images from ``source``: a file that ends in .csv or .json, else a field of the image records.

    A CSV file has the columns file_name and group, with or without a header line. A JSON file is an object
    ``{file_name: group}``. Images without a group, or with an empty one, are not in the result.

    Raises ``UsageError`` for a missing file or an unknown field. Raises ``DataError`` when the groups cannot be read,
    an image is in two groups, or no group is of an image of ``document``.
    """
    path = Path(source)
    if path.suffix.lower() not in GROUP_FILES:
        return UserGroups(_field(document, source), [])
    groups = _read_groups(require_file(path, "groups"))
    images = document.coco.images
    of = {image.id: groups[image.file_name] for image in images if groups.get(image.file_name)}
    if not of:
        raise DataError(
            f"{path}: it has no group for any image of {document.coco.path}; its names are like "
            f"'{next(iter(groups), '')}', theirs like '{images[0].file_name if images else ''}'. "
            "Write file_name as in the COCO file."
        )
    known = {image.file_name for image in images}
    return UserGroups(of, [name for name in groups if name not in known])


def _field(document: Document, field: str) -> dict[int, str]:
    path, values = document.coco.path, image_field(document, field)
    if not values:
        known = image_field_names(document)
        if field not in known:
            raise unknown_name(f"field of the images in {path} (files of groups end in .csv or .json)", field, known)
        raise DataError(f"{path}: no image has a value in '{field}'; expected the groups there. Name another field.")
    return {
        image_id: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for image_id, value in values.items()
        if value != ""
    }


def _read_groups(path: Path) -> dict[str, str]:
    try:
        content = read_regular_file(path)
        if path.suffix.lower() == ".json":
            return {name: str(group) for name, group in _json.decode(content).items()}
        return _read_csv(path, content.decode("utf-8-sig"))
    except (msgspec.DecodeError, UnicodeDecodeError, csv.Error) as error:
        expected = '{"file_name": "group", …} in JSON, or two columns in CSV'
        raise DataError(f"{path}: cannot be read as groups ({error}); expected {expected}.") from error


def _read_csv(path: Path, text: str) -> dict[str, str]:
    groups: dict[str, str] = {}
    rows = csv.reader(io.StringIO(text, newline=""))
    for row in rows:
        if not row or (not groups and row[0].strip() == "file_name"):
            continue
        if len(row) < 2:
            raise DataError(f"{path}: line {rows.line_num} has one column; expected two, file_name and group.")
        name, group = unquote_name(row[0]), unquote_name(row[1].strip())
        if groups.setdefault(name, group) != group:
            raise DataError(
                f"{path}: line {rows.line_num} puts '{name}' into '{group}', but it is in '{groups[name]}' already; "
                "expected one group for an image. Use one name for both groups."
            )
    return groups
