"""A figure as SVG and PNG files: dark ink on white paper, for documents."""

import io
import warnings
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from maskwright.files import write_bytes, write_text
from maskwright.reports.plots.colors import DARK_INK, INK, PAPER, on_paper

DOTS_PER_INCH = 180

# The longest side of a picture that matplotlib draws is 65535 dots.
_MOST_DOTS = 60000


def write_figure(folder: Path, name: str, figure: Figure, svg: str) -> None:
    """Write ``name.svg`` and ``name.png`` into ``folder``. ``svg`` is the figure's SVG text as a page holds it.

    The PNG has 2.5 dots for each unit of the SVG. Letters that matplotlib's own font lacks are boxes in it. The
    figure's colours and layout engine change; do not use it afterwards.
    """
    write_bytes(folder / f"{name}.png", _png(figure))
    # The last to be written: where it is, the PNG is of the same figure.
    write_text(folder / f"{name}.svg", on_paper(svg) + "\n")


def _png(figure: Figure) -> bytes:
    figure.set_facecolor(PAPER)
    for text in figure.findobj(Text):
        if isinstance(text, Text) and text.get_color() == INK:
            text.set_color(DARK_INK)
    # The layout of the SVG is kept.
    figure.set_layout_engine("none")
    content = io.BytesIO()
    dots = min(DOTS_PER_INCH, _MOST_DOTS / max(figure.get_size_inches()))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        FigureCanvasAgg(figure).print_figure(content, dpi=dots, facecolor=PAPER, metadata={"Software": None})
    return content.getvalue()
