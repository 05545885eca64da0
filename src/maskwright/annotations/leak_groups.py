"""Leak groups: sets of images that must stay in one part when a file is split, because they leak between parts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maskwright.annotations.checks.duplicate_images import Fingerprints, fingerprints, group_duplicates
from maskwright.annotations.coco.document import Document
from maskwright.annotations.selection.image_groups import UserGroups, merge_overlapping_sets, read_user_groups
from maskwright.annotations.selection.same_picture import same_name, same_url
from maskwright.errors import DataError, require_folder
from maskwright.progress import Reporter


@dataclass
class LeakGroups:
    """The leak groups of a file, as ``sets`` of image ids, and the number of sets that each reason gave.

    ``user_groups`` is the group by image id, as the user gave it. ``not_compared`` are the ids of images whose picture
    could not be read, so that it was not compared with others.
    """

    sets: list[set[int]]
    reasons: dict[str, int]
    user_groups: dict[int, str] = field(default_factory=dict)
    not_compared: list[int] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return ``{"sets", "images", "largest", "reasons": {reason: number of sets}, "not_compared": [image id]}``."""
        sizes = [len(group) for group in self.sets]
        return {
            "sets": len(sizes),
            "images": sum(sizes),
            "largest": max(sizes, default=0),
            "reasons": self.reasons,
            "not_compared": self.not_compared,
        }


def find_leak_groups(
    document: Document, groups: str | None, images: Path | Mapping[int, Path] | None, reporter: Reporter
) -> LeakGroups:
    """Return the sets of images that a split must keep in one part.

    Images belong to one set when they have the same file name or URL, or the same user group. When ``images`` is given,
    images with the same or nearly the same picture belong to one set too. ``images`` is the images folder, or the
    folder of each image by id. ``groups`` is a file or a field of the image records, see
    :func:`maskwright.annotations.selection.image_groups.read_user_groups`. ``reporter`` warns of images without a
    group, of unused names, and of images that cannot be read.

    Raises ``UsageError`` when the images folder does not exist, and ``DataError`` when none of its images can be read.
    """
    given = read_user_groups(document, groups) if groups is not None else UserGroups({}, [])
    if groups is not None:
        reporter.warn(_unmatched(document, groups, given))
    pictures = _fingerprints(document, images, reporter) if images is not None else Fingerprints()
    sets = {
        "same_name": same_name({image.id: image.file_name for image in document.coco.images}),
        "same_url": same_url(document),
        "group": merge_overlapping_sets(given.sets()),
        "picture": group_duplicates(pictures),
    }
    everything = merge_overlapping_sets(group for of_reason in sets.values() for group in of_reason)
    reasons = {reason: len(found) for reason, found in sets.items()}
    return LeakGroups(everything, reasons, given.of, pictures.unread)


def require_filled(annotations: Path, parts: Mapping[str, Sequence[int]], together: LeakGroups) -> None:
    """Raise ``DataError`` when one of the ``parts`` (image ids by name) is empty.

    The message names the file ``annotations`` and the size of the leak groups ``together``.
    """
    empty = [name for name, ids in parts.items() if not ids]
    if not empty:
        return
    sizes = together.to_json()
    found = f"images: {sum(map(len, parts.values()))}"
    if sizes["sets"]:
        found += f", {sizes['images']} of them in groups of up to {sizes['largest']}"
    raise DataError(
        f"{annotations}: {' and '.join(empty)} would have no image ({found}); expected one at least in each part. "
        "Choose other ratios or fewer parts."
    )


def _fingerprints(document: Document, images: Path | Mapping[int, Path], reporter: Reporter) -> Fingerprints:
    coco = document.coco
    folder = require_folder(images, "images") if isinstance(images, Path) else "the images' folders"

    def track(prints: Iterable[Any]) -> Iterable[Any]:
        return reporter.track(prints, f"pictures of {coco.path.name}", len(coco.images))

    pictures = fingerprints(coco, images, track=track)
    unread = set(pictures.unread)
    names = [image.file_name for image in coco.images if image.id in unread]
    if names and not pictures.ids:
        raise DataError(f"{folder}: none of the images of {coco.path} can be read there, such as '{names[0]}'.")
    if names:
        reporter.warn([f"{folder}: images that cannot be read are not compared with others: {_few(names)}."])
    return pictures


def _unmatched(document: Document, groups: str, given: UserGroups) -> list[str]:
    alone = [image.file_name for image in document.coco.images if image.id not in given.of]
    lines = []
    if alone:
        lines.append(f"{groups}: images without a group: {_few(alone)}; each is on its own.")
    if given.unused:
        lines.append(f"{groups}: names without an image in {document.coco.path}: {_few(given.unused)}.")
    return lines


def _few(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])}, … ({len(names)})"
