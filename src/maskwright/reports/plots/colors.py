"""The colours of plots, without matplotlib: of lines and bars, of letters on a page, and of a file on white paper."""

COLORS = ("#3b82c4", "#e08a2c", "#3fa072", "#9a6fc9", "#d4545f", "#2f9fa8", "#b0833c", "#8a8f98")
"""The colours of the lines and bars of one plot; after the last the first comes again."""

INK = "#7b828c"
"""Letters and axes on a page: a mid-tone that is readable on white and on black."""

DARK_INK, PAPER = "#2f353d", "#ffffff"


def on_paper(svg: str) -> str:
    """Return the ``<svg>`` element of a page as it stands in a document: dark ink on white paper."""
    end = svg.index(">") + 1
    return (svg[:end] + f'<rect width="100%" height="100%" fill="{PAPER}"/>' + svg[end:]).replace(INK, DARK_INK)
