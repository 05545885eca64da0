"""A figure as a page holds it."""

import re
from dataclasses import dataclass
from typing import Protocol

from markupsafe import Markup

# The width in the first tag of an SVG that matplotlib wrote, in points.
_WIDTH = re.compile(r'<svg[^>]* width="([0-9.]+)pt"')


class CaptionedSvg(Protocol):
    """A figure that has an ``<svg>`` element as text, with ``pt`` as the unit of its width, and a caption."""

    @property
    def svg(self) -> str:
        """The element."""
        ...

    @property
    def caption(self) -> str:
        """What the figure shows, as text."""
        ...


@dataclass(frozen=True)
class ShownFigure:
    """A figure as a page holds it: an ``<svg>`` element, its width in SVG units, and its caption."""

    svg: Markup
    width: int
    caption: str

    @classmethod
    def of(cls, figure: CaptionedSvg) -> "ShownFigure":
        """Return what a page needs of ``figure``, so that the rest can be freed.

        Raises ``ValueError`` for an element without a width in points.
        """
        width = _WIDTH.match(figure.svg)
        if width is None:
            raise ValueError(f"{figure.svg[:60]!r}: expected an <svg> element with a width in points.")
        return cls(Markup(figure.svg), round(float(width[1])), figure.caption)
