"""A matplotlib figure as one small ``<svg>`` element, for a page or for a file of its own.

The same figure always gives the same text. Ids differ between figures, so that several fit into one page. The element
loads nothing: letters stay text in the reader's own font. The mid-tone colours are readable on white and on black.
"""

import io
import re
import warnings
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from maskwright.control_characters import escape_controls
from maskwright.reports.plots.colors import INK
from maskwright.reports.terminal import display_width

# Wide enough for a plot, narrow enough that 12-unit letters are readable when a phone shows it at 360 pixels.
WIDTH = 420
LONGEST_NAME = 22
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 12,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "grid.color": INK,
    "grid.alpha": 0.25,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 12,
    "legend.handlelength": 1.6,
    "legend.columnspacing": 1.4,
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
}


def plot(height: float, width: float = WIDTH) -> tuple[Figure, Axes]:
    """Return a transparent figure, ``width`` by ``height`` SVG units, and its only axes. Call it within ``STYLE``."""
    figure = Figure(figsize=(width / 72, height / 72), layout="constrained", facecolor="none")
    return figure, figure.add_subplot(facecolor="none")


def axis_name(name: str) -> str:
    """Return ``name`` cut to at most 22 columns; control characters, which XML forbids, are escaped."""
    clean, width, cut = escape_controls(name), 0, 0
    for position, letter in enumerate(clean, start=1):
        width += display_width(letter)
        if width < LONGEST_NAME:
            cut = position
        elif width > LONGEST_NAME:
            return clean[:cut] + "…"
    return clean


def svg_text(figure: Figure, description: str) -> str:
    """Return the figure as one ``<svg>`` element with ``description`` as its accessible label.

    It has no prologue, date, metadata or global style.
    """
    text, label = io.StringIO(), escape_controls(description)
    # With the salt, ids depend on the content alone and differ between the figures of one page.
    with mpl.rc_context({"svg.hashsalt": label}), warnings.catch_warnings():
        # The browser has the letters that matplotlib's own font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        FigureCanvasSVG(figure).print_svg(text, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<[^>]+>", lambda tag: _shorter(tag[0]), svg)
    svg = re.sub(r">\s+<", "><", svg).strip()
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(label)}" stroke-linejoin="round"', 1)


def _shorter(tag: str) -> str:
    """Return the tag with two decimals for each number.

    It loses null rotations and the ids of groups, to which nothing refers.
    """
    tag = re.sub(r"(\.\d\d)\d+", r"\1", " ".join(tag.split()))
    tag = re.sub(r' transform="rotate\(-?0 [^"]*"', "", tag)
    return re.sub(r'^<g id="[^"]*"', "<g", tag)
