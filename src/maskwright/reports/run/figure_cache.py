"""The figures of a run's page, each drawn once: while its numbers stay the same, it is read from ``figures/page``.

Drawing them, with the import of matplotlib, takes longer than all else of a page. The name of a file is the digest of
what it was drawn of: the numbers, and the code that draws. So no figure of other numbers or of older code is shown.
"""

import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from maskwright.reports.kept_files import KeptFiles, source_digest
from maskwright.reports.plots.colors import on_paper
from maskwright.version import __version__

FOLDER = Path("figures") / "page"

# What the figures of this package are made of. A file of a run folder may be anybody's, and becomes part of a page.
_TAGS = {"svg", "g", "defs", "path", "use", "text", "tspan", "clipPath", "rect"}
_ATTRIBUTES = {
    "role", "aria-label", "stroke-linejoin", "width", "height", "viewBox", "xmlns", "xmlns:xlink", "version", "style",
    "x", "y", "d", "clip-path", "xlink:href", "id", "transform", "rx", "ry", "fill",
}  # fmt: skip
_TAG = re.compile(r'<(/?)([A-Za-z]+)((?: [A-Za-z:-]+="[^"<>]*")*) ?/?>')
_ATTRIBUTE = re.compile(r' ([A-Za-z:-]+)="([^"]*)"')
_NAMESPACES = {"xmlns": "http://www.w3.org/2000/svg", "xmlns:xlink": "http://www.w3.org/1999/xlink"}


class RunFigure(NamedTuple):
    """A figure with its file name without suffix, its SVG as a page holds it, and its caption."""

    name: str
    caption: str
    svg: str


class FigureCache:
    """The figures of the page of the run in the folder ``run``; without one, each is drawn and none is kept."""

    def __init__(self, run: Path | None = None) -> None:
        """Refer to the figures of ``run``; nothing is read or created."""
        self._run = run
        self.kept = KeptFiles(None if run is None else run / FOLDER)

    def curves(self, kind: str, *numbers: Any) -> str:
        """Return the figure of a ``kind`` in ``drawing.CURVES`` as SVG text; ``numbers`` must be what JSON can hold."""
        kept = self._file(kind, *numbers)
        svg = _read(kept)
        if svg is None:
            # Imported here, with matplotlib: a page whose figures are there needs neither.
            from maskwright.reports.run.drawing import draw_curves

            svg = draw_curves(kind, *numbers)
            self.kept.keep(kept, svg.encode())
        return svg

    def figure(self, name: str, caption: str, kind: str, *numbers: Any) -> RunFigure:
        """Return the figure of a ``kind`` in ``drawing.FIGURES``; ``figures`` has it as files, too."""
        kept = self._file(kind, caption, *numbers)
        svg = _read(kept)
        if svg is None or not self._has_files(name, svg):
            from maskwright.reports.run.drawing import draw_figure

            file = None if self._run is None else self._run / "figures" / name
            svg = draw_figure(file, caption, kind, *numbers)
            self.kept.keep(kept, svg.encode())
        return RunFigure(name, caption, svg)

    def _file(self, kind: str, *drawn_of: Any) -> Path | None:
        text = json.dumps([__version__, _code(), kind, drawn_of])
        return self.kept.path(kind, text.encode(), ".svg")

    def _has_files(self, name: str, svg: str) -> bool:
        """Return whether ``figures`` has both files of the figure. The SVG was written last."""
        if self._run is None:
            return False
        files = [self._run / "figures" / f"{name}.{suffix}" for suffix in ("png", "svg")]
        return files[0].is_file() and _text(files[1]) == on_paper(svg) + "\n"


@cache
def _code() -> str:
    """Return a digest of the code that draws."""
    drawing = files("maskwright.reports.run") / "drawing.py"
    return source_digest([*files("maskwright.reports.plots").iterdir(), drawing])


def _read(file: Path | None) -> str | None:
    """Return the SVG text in ``file``, or None where there is none, or not one that this package draws."""
    svg = None if file is None else _text(file)
    return svg if svg is not None and _is_plain(svg) else None


def _text(file: Path) -> str | None:
    try:
        return file.read_bytes().decode("utf-8")
    except (OSError, ValueError):
        return None


def _is_plain(svg: str) -> bool:
    """Return whether ``svg`` is one element that draws and can do nothing else: no script, no link, no request."""
    if not svg.startswith("<svg ") or not svg.endswith("</svg>") or svg.count("<svg") != 1:
        return False
    if "<" in _TAG.sub("", svg):
        return False
    for _, tag, attributes in _TAG.findall(svg):
        if tag not in _TAGS or not all(_is_harmless(*each) for each in _ATTRIBUTE.findall(attributes)):
            return False
    return True


def _is_harmless(name: str, value: str) -> bool:
    # A backslash could write "url" in another way.
    requests = "url(" in value.lower().replace("url(#", "") or (name == "style" and "\\" in value)
    if name not in _ATTRIBUTES or requests:
        return False
    if name in _NAMESPACES:
        return value == _NAMESPACES[name]
    return name != "xlink:href" or value.startswith("#")
