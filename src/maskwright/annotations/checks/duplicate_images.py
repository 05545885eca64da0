"""Duplicate images: within one file, where a split must keep them together, or in two files, where they are a leak."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from maskwright.annotations.checks.threads import in_threads
from maskwright.annotations.coco.file import CocoFile, CocoImage
from maskwright.annotations.faults import Fault
from maskwright.annotations.selection.image_groups import merge_overlapping_sets
from maskwright.errors import DataError
from maskwright.images.decode import image_path
from maskwright.images.fingerprint import Fingerprint, fingerprint
from maskwright.images.inspection import pillow_silenced
from maskwright.images.near_duplicates import near_pairs


class DuplicatePair(NamedTuple):
    """The ids of two images that show one picture.

    ``same`` images are equal to the pixel; ``near`` ones are copies that were compressed, scaled or cropped.
    ``distance`` is how many of the 64 bits of their perceptual hashes differ, 0 for the same.
    """

    first: int
    second: int
    kind: Literal["same", "near"]
    distance: int


@dataclass
class Fingerprints:
    """The fingerprints of the images of one file; index i of ``ids`` and ``prints`` is one image.

    ``unread`` are the ids of images without one, whose file is missing or cannot be read.
    """

    ids: list[int] = field(default_factory=list)
    prints: list[Fingerprint] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)


def fingerprints(
    coco: CocoFile,
    folder: Path | Mapping[int, Path],
    workers: int | None = None,
    track: Callable[[Iterator[Fingerprint | None]], Iterable[Fingerprint | None]] = iter,
) -> Fingerprints:
    """Compute the fingerprints of the images of ``coco``, in file order.

    ``folder`` is the images folder, or the folder of each image by id. Every file is decoded, in ``workers`` threads
    (None: one per core, 0: none). ``track`` gets an iterator of ``len(coco.images)`` items and yields them on, to show
    progress.
    """
    found = Fingerprints()
    folders = dict.fromkeys((image.id for image in coco.images), folder) if isinstance(folder, Path) else folder
    each = track(in_threads(partial(_fingerprint, folders=folders), coco.images, workers))
    with pillow_silenced():
        for image, its_print in zip(coco.images, each, strict=True):
            if its_print is None:
                found.unread.append(image.id)
            else:
                found.ids.append(image.id)
                found.prints.append(its_print)
    return found


def duplicates_within(found: Fingerprints) -> Iterator[DuplicatePair]:
    """Yield the pairs of duplicates in one file, ordered by kind and then as in the file.

    An image that is the same as several others is paired with the first of them, and only this first one is compared
    with near copies. A hundred copies of one image are 99 pairs.
    """
    first_with: dict[bytes, int] = {}
    for position, each in enumerate(found.prints):
        first = first_with.setdefault(each.content, position)
        if first != position:
            yield DuplicatePair(found.ids[first], found.ids[position], "same", 0)
    firsts = list(first_with.values())
    for near in near_pairs([found.prints[i] for i in firsts]):
        yield DuplicatePair(found.ids[firsts[near.first]], found.ids[firsts[near.second]], "near", near.distance)


def duplicates_between(a: Fingerprints, b: Fingerprints) -> Iterator[DuplicatePair]:
    """Yield the pairs of an image of ``a`` and its duplicate in ``b``, ordered by kind and then as in ``a``.

    An image of ``a`` that is the same as several of ``b`` is paired with the first of them.
    """
    first_with: dict[bytes, int] = {}
    for image_id, each in zip(b.ids, b.prints, strict=True):
        first_with.setdefault(each.content, image_id)
    for image_id, each in zip(a.ids, a.prints, strict=True):
        if each.content in first_with:
            yield DuplicatePair(image_id, first_with[each.content], "same", 0)
    for near in near_pairs(a.prints, b.prints):
        if a.prints[near.first].content != b.prints[near.second].content:
            yield DuplicatePair(a.ids[near.first], b.ids[near.second], "near", near.distance)


def group_duplicates(found: Fingerprints) -> list[set[int]]:
    """Return sets of two or more image ids that are duplicates, directly or through others."""
    return merge_overlapping_sets((pair.first, pair.second) for pair in duplicates_within(found))


def duplicate_faults(pairs: Iterable[DuplicatePair], coco: CocoFile, other: CocoFile | None = None) -> Iterator[Fault]:
    """Yield a fault of ``coco`` for each of ``pairs``: between it and ``other``, or within it without ``other``."""
    names = _names(coco)
    other_names, of_other = (names, "") if other is None else (_names(other), f" of {other.path}")
    for pair in pairs:
        first, second = f"('{names[pair.first]}')", f"image {pair.second} ('{other_names[pair.second]}'){of_other}"
        if pair.kind == "same":
            yield Fault("same_image", "image", pair.first, f"{first} is the same picture as {second}")
        else:
            found = f"{first} looks like {second} ({pair.distance} of 64 bits differ)"
            yield Fault("near_duplicate", "image", pair.first, found)


def _fingerprint(image: CocoImage, folders: Mapping[int, Path]) -> Fingerprint | None:
    if image.id not in folders:
        return None
    try:
        return fingerprint(image_path(folders[image.id], image.file_name))
    except DataError:  # reported by the checks of image files; here the image counts as unread
        return None


def _names(coco: CocoFile) -> dict[int, str]:
    return {image.id: image.file_name for image in coco.images}
