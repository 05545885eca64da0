"""A matplotlib figure as one small ``<svg>`` element, fit to stand in a page or in a file of its own.

The same text always comes out of the same figure, ids differ between figures so that several fit into one page, and
nothing is loaded: letters stay text in the reader's own font. Colours are mid-tones that read on white and on black.
"""

import io
import re
import unicodedata
import warnings
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from maskwright.reports.terminal import display_width

# Wide enough for a plot, narrow enough that 12-unit letters still read when a phone shows it at 360 pixels.
WIDTH = 420
LONGEST_NAME = 22
INK = "#7b828c"
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
    """A transparent figure, ``width`` by ``height`` SVG units, and its only axes; use within ``STYLE``."""
    figure = Figure(figsize=(width / 72, height / 72), layout="constrained", facecolor="none")
    return figure, figure.add_subplot(facecolor="none")


def axis_name(name: str) -> str:
    """``name`` without the characters that XML forbids, cut to the room beside an axis."""
    clean = kept = _legal(name)
    while display_width(kept) > LONGEST_NAME:
        clean = clean[:-1]
        kept = clean + "…"
    return kept


def svg_text(figure: Figure, description: str) -> str:
    """The figure as one ``<svg>`` element labelled ``description``: no prologue, date, metadata or global style."""
    text, label = io.StringIO(), _legal(description)
    # The salt makes ids depend on nothing but the content, and differ between the figures of one page.
    with mpl.rc_context({"svg.hashsalt": label}), warnings.catch_warnings():
        # The reader's browser has the letters that matplotlib's own font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        FigureCanvasSVG(figure).print_svg(text, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<[^>]+>", lambda tag: _shorter(tag[0]), svg)
    svg = re.sub(r">\s+<", "><", svg).strip()
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(label)}" stroke-linejoin="round"', 1)


def _shorter(tag: str) -> str:
    """A tag with numbers to a hundredth of a unit, without null rotations and ids of groups that nothing refers to."""
    tag = re.sub(r"(\.\d\d)\d+", r"\1", " ".join(tag.split()))
    tag = re.sub(r' transform="rotate\(-?0 [^"]*"', "", tag)
    return re.sub(r'^<g id="[^"]*"', "<g", tag)


def _legal(name: str) -> str:
    return "".join("\ufffd" if unicodedata.category(letter) in {"Cc", "Cs"} else letter for letter in name)
