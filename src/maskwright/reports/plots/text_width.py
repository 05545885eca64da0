"""The width of text in a figure, measured before anything is drawn."""

import warnings

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from maskwright.reports.plots.svg import axis_name

LETTERS = 12

# Hinting makes the letters of a PNG this much wider.
_HINTING = 1.03


def text_width(text: str) -> float:
    """Return the width of ``text`` in SVG units, set in letters of 12 units."""
    with warnings.catch_warnings():
        # A letter that matplotlib's font lacks is measured as its replacement box.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        width, _, _ = text_to_path.get_text_width_height_descent(text, FontProperties(size=LETTERS), ismath=False)
    return width * _HINTING


def fit_name(name: str, width: float) -> str:
    """Return ``name``, cut to at most ``width`` SVG units with an ellipsis.

    :func:`maskwright.reports.plots.svg.axis_name` cleans it and cuts it first.
    """
    kept = axis_name(name)
    clean = kept.removesuffix("…")
    while clean and text_width(kept) > width:
        clean = clean[:-1]
        kept = clean + "…"
    return kept
