"""The result of a split: the images and annotations of each part, and how evenly the classes are divided."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.annotations.faults import Audit
from maskwright.annotations.leak_groups import LeakGroups
from maskwright.annotations.selection.shares import ClassShares


@dataclass
class SplitSummary:
    """The result of a split.

    ``images`` has the image ids of each part by name, ``annotations`` their number. ``images_unread`` counts rejected
    image records by fault code. ``shares`` are the shares of the classes in each part, and ``leak_groups`` the images
    that had to stay in one part.
    """

    folder: Path
    images: dict[str, list[int]]
    annotations: dict[str, int]
    images_in: int
    images_unread: dict[str, int]
    shares: ClassShares
    leak_groups: LeakGroups
    audit: Audit
    seed: int

    def to_json(self) -> dict[str, Any]:
        """Return what ``split.json`` holds and ``--json`` prints."""
        asked = dict(zip(self.images, self.shares.asked, strict=True))
        used = sum(map(len, self.images.values()))
        return {
            "source": self.audit.source,
            "folder": str(self.folder),
            "seed": self.seed,
            "parts": {
                name: {
                    "file": f"{name}.json",
                    "images": len(ids),
                    "annotations": self.annotations[name],
                    "share": len(ids) / used,
                    "asked": asked[name],
                }
                for name, ids in self.images.items()
            },
            "images": {"in": self.images_in, "used": used, "left_out": self.images_unread},
            "annotations": self.audit.to_json(),
            "together": self.leak_groups.to_json(),
            **self.shares.to_json(),
        }
