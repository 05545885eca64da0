"""The account of true objects that lack a mask or a box: how many there are, and how they are scored."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from maskwright.annotations.objects import ImageObjects
from maskwright.errors import some_of


@dataclass(frozen=True)
class IncompleteObjects:
    """The ids in their file of the objects ``without_mask`` and ``without_box``.

    Those without a mask that can be drawn are scored for boxes only. Those without a box that can be used are scored
    with the box of their mask.
    """

    without_mask: list[int]
    without_box: list[int]

    @classmethod
    def among(cls, images: Iterable[ImageObjects]) -> "IncompleteObjects":
        """Return those among the objects of ``images``."""
        images = list(images)
        return cls(
            [each.id for objects in images for each in objects.box_only],
            [
                number
                for objects in images
                for number, box in zip(objects.ids, objects.boxes, strict=True)
                if box is None
            ],
        )

    def lines(self, source: str) -> list[str]:
        """Return a line for a terminal on each kind that there is; ``source`` names the objects' origin."""
        lines = []
        if self.without_mask:
            they = "it counts" if len(self.without_mask) == 1 else "they count"
            lines.append(f"{source}: {_named(self.without_mask, 'mask that can be drawn')}; {they} for boxes only.")
        if self.without_box:
            masks = "its mask" if len(self.without_box) == 1 else "their masks"
            lines.append(f"{source}: {_named(self.without_box, 'box that can be used')}; that of {masks} is taken.")
        return lines

    def to_json(self) -> dict[str, Any]:
        """Return ``{"without_mask", "without_box"}``, lists of ids."""
        return {"without_mask": self.without_mask, "without_box": self.without_box}


def _named(ids: list[int], what: str) -> str:
    have, listed = ("object has", "annotation") if len(ids) == 1 else ("objects have", "annotations")
    return f"{len(ids)} {have} no {what} ({listed} {some_of(ids, 5)})"
