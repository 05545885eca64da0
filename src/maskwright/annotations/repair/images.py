"""Repairs of the records of images and categories: numbers, repeated records, and the spelling of file names."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from maskwright.annotations.repair.edit import Edit
from maskwright.control_characters import COMMANDING, remove_controls
from maskwright.images.folder_names import FolderNames
from maskwright.structures import normalise_name


def repair_image_record(raw: msgspec.Raw, names: FolderNames | None) -> Edit:
    """Return the edit of an image record; ``names`` are the files that its file name must match, if given."""
    edit = Edit.of("image", raw)
    edit.repair_integers("id", "height", "width")
    name = edit.value("file_name")
    if isinstance(name, str):
        _repair_name(edit, name, names)
    return edit


def repair_category_record(raw: msgspec.Raw) -> Edit:
    """Return the edit of a category record."""
    edit = Edit.of("category", raw)
    edit.repair_integers("id")
    return edit


def remove_controls_from_names(edits: Sequence[Edit]) -> None:
    """Write the names of categories without control characters, unless another category has that name then."""
    names = [edit.value("name") for edit in edits]
    taken = {normalise_name(name) for name in names if isinstance(name, str)}
    for edit, name in zip(edits, names, strict=True):
        if not isinstance(name, str) or all(unicodedata.category(each) not in COMMANDING for each in name):
            continue
        clean = normalise_name(remove_controls(name))
        if clean and (clean not in taken or clean == normalise_name(name)):
            edit.set("name", clean, "control_in_name")
            taken.add(clean)


def remove_repeated(edits: Iterable[Edit]) -> None:
    """Remove every record that equals an earlier one in every field."""
    seen: dict[Any, list[dict[str, Any]]] = {}
    for edit in edits:
        identity = edit.value("id")
        if not isinstance(identity, int):
            continue
        earlier = seen.setdefault(identity, [])
        record = {name: edit.value(name) for name in edit.fields}
        if record in earlier:
            edit.remove("duplicate_id", "it repeats an earlier record in every field")
        earlier.append(record)


def _repair_name(edit: Edit, name: str, names: FolderNames | None) -> None:
    alike = [] if names is None else names.alike(name)
    if names is not None and name in names:
        return
    slashed = name.replace("\\", "/")
    if names is not None and len(alike) == 1 and alike[0] in names.files:
        edit.set("file_name", alike[0], _spelling(slashed, name, alike[0]))
    # A name that leads out of the folder, or to a drive, does not mean a file inside it.
    elif not alike and slashed != name and _is_plain(slashed):
        edit.set("file_name", slashed, "backslash_path")


def _spelling(slashed: str, name: str, found: str) -> str:
    """Return the code of how ``name`` differs from the file that was ``found``."""
    if slashed == found and slashed != name:
        return "backslash_path"
    return "unicode_form" if _nfc(slashed) == _nfc(found) else "case_differs"


def _is_plain(name: str) -> bool:
    return not name.startswith("/") and ":" not in name and ".." not in name.split("/")


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)
