"""The audit of a conversion: what the target holds differently from the source, and what it cannot hold."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from maskwright.annotations.faults import Audit, Fault


class Change(NamedTuple):
    """A kind of difference between target and source; ``exact`` when the masks are the same after reading them back."""

    exact: bool
    meaning: str


CHANGES: dict[str, Change] = {
    "holes_bridged": Change(True, "objects whose holes are joined to the outline by bridges of zero width"),
    "parts_joined": Change(True, "objects of several parts in one outline, joined by bridges of zero width"),
    "parts_grouped": Change(True, "objects of several parts, written as polygons of one group"),
    "masks_embedded": Change(True, "objects with holes, written as masks instead of polygons"),
    "rle_written": Change(True, "objects with holes, written as RLE, because COCO's polygons have none"),
    "outlined": Change(True, "objects outlined along their pixels, because the source has no polygon that draws them"),
    "holes_filled": Change(False, "objects whose holes were filled"),
    "hole_pixels": Change(False, "pixels of filled holes"),
    "crowd_as_void": Change(False, "crowd regions written as void where no object lies"),
    "overlap_pixels": Change(False, "pixels of several objects, given to one of them"),
    "objects_merged": Change(False, "objects joined with others of their class; label maps do not separate them"),
    "folders_left_out": Change(False, "images whose name lost its folder"),
    "named_by_mask": Change(False, "images named after their mask, because the images folder has none of that name"),
    "not_told_apart": Change(False, "groups of objects that label ids do not separate, read as crowd regions"),
    "void_pixels": Change(False, "pixels of void, which are no object"),
}


@dataclass
class ConversionAudit:
    """The audit of one source.

    ``objects`` covers its objects: found = used + skipped. ``skipped_images`` counts images by reason. ``changes``
    counts differences by the keys of ``CHANGES``. ``fields`` counts records by the field that no other format holds,
    such as ``annotation.area``.
    """

    objects: Audit
    images_found: int = 0
    images_written: int = 0
    skipped_images: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)

    def change(self, code: str, count: int = 1) -> None:
        """Count ``count`` differences of the kind ``code``."""
        if count:
            self.changes[code] += count

    def drop(self, reason: str, count: int = 1) -> None:
        """Count ``count`` objects, which were read, as skipped because the target cannot hold them."""
        self.objects.used -= count
        self.objects.skip(reason, count)

    def skip_object(self, fault: Fault) -> None:
        """Count an object that cannot be read."""
        self.objects.found += 1
        self.objects.fault(fault)

    def skip_image(self, fault: Fault, found: int = 0) -> None:
        """Count an image that cannot be read, and its ``found`` objects that were not read yet."""
        self.skipped_images[fault.code] += 1
        self.objects.faults.append(fault)
        self.objects.found += found
        self.objects.skip(fault.code, found)

    def to_json(self) -> dict[str, Any]:
        """Return ``{"images": {in, written, left_out}, "annotations": {in, used, …}, "changes": […], "fields"}``."""
        return {
            "images": {
                "in": self.images_found,
                "written": self.images_written,
                "left_out": dict(sorted(self.skipped_images.items())),
            },
            "annotations": self.objects.to_json(),
            "changes": changes_json(self.changes),
            "fields": dict(sorted(self.fields.items())),
        }


def changes_json(changes: Counter[str]) -> list[dict[str, Any]]:
    """Return ``[{"code", "count", "exact", "meaning"}]`` in the order of ``CHANGES``."""
    return [
        {"code": code, "count": changes[code], "exact": change.exact, "meaning": change.meaning}
        for code, change in CHANGES.items()
        if code in changes
    ]
