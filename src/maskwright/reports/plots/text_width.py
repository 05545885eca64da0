"""How wide a text is in a figure, before anything is drawn."""

import warnings

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from maskwright.reports.plots.svg import axis_name

LETTERS = 12

# What hinting adds to letters drawn as dots.
_HINTING = 1.03


def text_width(text: str) -> float:
    """The width of ``text``, in SVG units, in letters of 12 units."""
    with warnings.catch_warnings():
        # Letters that matplotlib's font lacks are measured as the box that stands for them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        width, _, _ = text_to_path.get_text_width_height_descent(text, FontProperties(size=LETTERS), ismath=False)
    return width * _HINTING


def fit_name(name: str, width: float) -> str:
    """``name`` as :func:`maskwright.reports.plots.svg.axis_name` has it, cut further beyond ``width`` units."""
    kept = axis_name(name)
    clean = kept.removesuffix("…")
    while clean and text_width(kept) > width:
        clean = clean[:-1]
        kept = clean + "…"
    return kept
