"""The classes of pictures with their colours, as the legend of a page has them."""

from collections.abc import Iterable

from maskwright.images.fonts import can_write
from maskwright.structures import ClassInfo


def legend_colors(classes: Iterable[ClassInfo]) -> list[tuple[str, str]]:
    """Return the name and the CSS colour of each class; its index too where pictures have that instead of the name."""
    return [
        (c.name if can_write(c.name) else f"#{c.index} {c.name}", "#{:02x}{:02x}{:02x}".format(*c.color))
        for c in classes
    ]
